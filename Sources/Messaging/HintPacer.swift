/// When a hint is sent: the first at once, and those that come within `pause` after it together as one. A machine without
/// I/O.
struct HintPacer {
    enum Step: Equatable {
        case nothing
        /// Send a hint of this head, and call `pauseEnded` after the pause.
        case send(Int)
    }

    private var head = 0
    private var sent = 0
    private var isPausing = false

    /// The log has grown as far as `head`.
    mutating func grew(to head: Int) -> Step {
        self.head = max(self.head, head)
        return isPausing ? .nothing : send()
    }

    mutating func pauseEnded() -> Step {
        isPausing = false
        return send()
    }

    private mutating func send() -> Step {
        guard head > sent else { return .nothing }
        sent = head
        isPausing = true
        return .send(head)
    }
}

/// A hint as a message: the log's head in decimal digits. It holds no data: what the log says is read from the log.
enum FeedHint {
    static let longest = 20

    static func encode(_ head: Int) -> [UInt8] { Array(String(head).utf8) }

    /// Nil for anything else: then it says only that the log has grown.
    static func head(_ body: [UInt8]) -> Int? {
        guard (1...longest).contains(body.count),
            body.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return Int(String(decoding: body, as: UTF8.self))
    }
}
