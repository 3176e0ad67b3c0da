import Bytes

/// Output buffers that the streams of one loop share, so that an idle stream owns none.
struct BufferPool: ~Copyable {
    private var storages: [(base: UnsafeMutableRawPointer, capacity: Int)] = []
    private let most = 64
    private let largest = 256 * 1024

    deinit {
        for storage in storages { storage.base.deallocate() }
    }

    mutating func take() -> ByteBuffer {
        guard let storage = storages.popLast() else { return ByteBuffer(capacity: 4096) }
        return ByteBuffer(adopting: storage.base, capacity: storage.capacity)
    }

    mutating func give(_ buffer: consuming ByteBuffer) {
        guard buffer.capacity > 0, buffer.capacity <= largest, storages.count < most else { return }
        if let storage = buffer.takeStorage() { storages.append(storage) }
    }
}
