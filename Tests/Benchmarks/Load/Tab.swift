import EventLoop
import Glibc
import HTTPWire
import Synchronized

/// A store owner's tab: it reads the event stream on a thread of its own, and comes back with the id of the last event
/// when the stream ends.
final class Tab: Sendable {
    struct Event {
        let id: Int?
        let data: ArraySlice<UInt8>
        /// By `monotonicSeconds`.
        let time: Double
    }

    private let isOver = Atomic(false)
    private let connections = Atomic(0)
    private let thread = Lock<pthread_t?>(nil)

    /// - Parameters:
    ///   - port: asked before each connection.
    ///   - cursor: `Last-Event-ID` of the first connection; nil begins with what comes now.
    init(
        port: @escaping @Sendable () -> Int, cookie: String, after cursor: Int? = nil,
        _ take: @escaping @Sendable (Event) -> Void
    ) throws {
        let thread = try spawnThread(named: "tab") { [self] in
            var cursor = cursor
            while !isOver.load(ordering: .relaxed) {
                let connection = LoadConnection(port: port(), timeout: 1)
                try? read(connection, cookie, &cursor, take)
                if !isOver.load(ordering: .relaxed) { usleep(20_000) }
            }
        }
        self.thread.withLock { $0 = thread }
    }

    static func request(_ cookie: String, after cursor: Int?) -> [UInt8] {
        LoadConnection.request(
            "GET", "/api/sse/connect",
            ["Accept: text/event-stream", "Cookie: \(cookie)"] + (cursor.map { ["Last-Event-ID: \($0)"] } ?? []))
    }

    /// How often the stream was opened.
    var opened: Int { connections.load(ordering: .relaxed) }

    private func read(
        _ connection: LoadConnection, _ cookie: String, _ cursor: inout Int?, _ take: (Event) -> Void
    ) throws {
        try connection.connect()
        try connection.send(Self.request(cookie, after: cursor))
        var waiting: [UInt8] = []
        var hasHead = false
        while !isOver.load(ordering: .relaxed) {
            do throws(LoadConnection.Failure) {
                waiting += try connection.receive(hasBegun: true)
            } catch {
                // Quiet for a second: time to see whether it is over.
                if case .broken(let reason) = error, reason.hasPrefix("no answer") { continue }
                throw error
            }
            let time = monotonicSeconds()
            if !hasHead {
                guard let end = LoadReply.find("\r\n\r\n", in: waiting[...]) else { continue }
                guard LoadReply.find(" 200 ", in: waiting[..<end]) != nil else { throw LoadConnection.Failure.closed }
                hasHead = true
                connections.add(1, ordering: .relaxed)
                waiting.removeFirst(end)
            }
            var start = 0
            while let end = Self.endOfEvent(waiting, from: start) {
                let event = Self.event(waiting[start..<end], time)
                if let id = event.id { cursor = id }
                if !event.data.isEmpty { take(event) }
                start = end
            }
            waiting.removeFirst(start)
        }
    }

    private static func endOfEvent(_ octets: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 1 < octets.count {
            if octets[index] == 0x0A, octets[index + 1] == 0x0A { return index + 2 }
            index += 1
        }
        return nil
    }

    private static func event(_ octets: ArraySlice<UInt8>, _ time: Double) -> Event {
        var id: Int?
        var data: ArraySlice<UInt8> = []
        for line in octets.split(separator: 0x0A) {
            if line.starts(with: "id: ".utf8) { id = Int(String(decoding: line.dropFirst(4), as: UTF8.self)) }
            if line.starts(with: "data: ".utf8) { data = line.dropFirst(6) }
        }
        return Event(id: id, data: data, time: time)
    }

    /// Ends it; returns when its thread has ended.
    func close() {
        isOver.store(true, ordering: .relaxed)
        let thread = self.thread.withLock { value in
            defer { value = nil }
            return value
        }
        if let thread { pthread_join(thread, nil) }
    }
}
