import Bytes

/// Output buffers that the streams of one loop share, so that an idle stream owns none.
///
/// Large ones are kept apart and are few: if a stream that sends little were given one that another stream has let grow, the
/// next of these would have to grow anew, until all were large.
struct BufferPool: ~Copyable {
    private typealias Storage = (base: UnsafeMutableRawPointer, capacity: Int)

    private var small: [Storage] = []
    private var large: [Storage] = []
    static let mostSmall = 64
    static let mostLarge = 4
    static let smallCapacity = 16 * 1024
    static let largeCapacity = 256 * 1024

    /// Octets of memory that it keeps.
    var kept: Int { small.reduce(0) { $0 + $1.capacity } + large.reduce(0) { $0 + $1.capacity } }

    deinit {
        for storage in small { storage.base.deallocate() }
        for storage in large { storage.base.deallocate() }
    }

    /// - Parameter octets: how many it will probably hold.
    mutating func take(for octets: Int) -> ByteBuffer {
        let storage = octets > Self.smallCapacity ? large.popLast() ?? small.popLast() : small.popLast()
        guard let storage else { return ByteBuffer(capacity: 4096) }
        return ByteBuffer(adopting: storage.base, capacity: storage.capacity)
    }

    mutating func give(_ buffer: consuming ByteBuffer) {
        if (1...Self.smallCapacity).contains(buffer.capacity) {
            guard small.count < Self.mostSmall, let storage = buffer.takeStorage() else { return }
            small.append(storage)
        } else if buffer.capacity <= Self.largeCapacity {
            guard large.count < Self.mostLarge, let storage = buffer.takeStorage() else { return }
            large.append(storage)
        }
    }
}
