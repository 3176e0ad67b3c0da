import Glibc

/// One event stream as `SubscriberClient` reads it: it looks for lines `data: {"t":SENT,"s":NUMBER,…` and skips all
/// others. Chunks are not undone: with an event in one chunk its lines are lines all the same, and else it counts as lost.
final class SubscriberStream {
    struct Event {
        /// Nanoseconds, by the clock of who published it.
        let sent: UInt64
        let number: Int
    }

    let descriptor: CInt
    private(set) var isOpen = false
    var next = 0
    /// The beginning of a line, or of the head.
    private var waiting: [UInt8] = []

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func take(_ octets: UnsafeRawBufferPointer, _ event: (Event) -> Void) throws {
        var rest = octets
        if !isOpen {
            waiting += octets
            guard let end = LoadReply.find("\r\n\r\n", in: waiting[...]) else { return }
            guard waiting.starts(with: "HTTP/1.1 200 ".utf8) else {
                throw BenchmarkError("an event stream is refused: \(String(decoding: waiting, as: UTF8.self))")
            }
            isOpen = true
            let left = waiting.count - end
            waiting = []
            rest = UnsafeRawBufferPointer(rebasing: octets[(octets.count - left)...])
        }
        while let start = rest.baseAddress, !rest.isEmpty {
            guard let found = memchr(start, 0x0A, rest.count) else { return waiting += rest }
            let count = UnsafeRawPointer(found) - start
            if waiting.isEmpty {
                take(line: UnsafeRawBufferPointer(start: start, count: count), event)
            } else {
                waiting += rest[..<count]
                waiting.withUnsafeBytes { take(line: $0, event) }
                waiting.removeAll(keepingCapacity: true)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[(count + 1)...])
        }
    }

    private static let prefix = Array("data: {\"t\":".utf8)

    private func take(line: UnsafeRawBufferPointer, _ event: (Event) -> Void) {
        let prefix = Self.prefix
        guard line.count > prefix.count, let start = line.baseAddress, memcmp(start, prefix, prefix.count) == 0 else {
            return
        }
        var position = prefix.count
        let sent = number(line, &position)
        position += #","s":"#.utf8.count
        event(Event(sent: UInt64(sent), number: number(line, &position)))
    }

    private func number(_ line: UnsafeRawBufferPointer, _ position: inout Int) -> Int {
        var value = 0
        while position < line.count, line[position] &- 0x30 < 10 {
            value = value &* 10 &+ Int(line[position] &- 0x30)
            position += 1
        }
        return value
    }
}
