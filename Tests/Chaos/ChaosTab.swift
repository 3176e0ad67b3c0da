import Foundation
import Support

/// A store owner's tab: reads the store's event stream on a thread of its own, and comes back with `Last-Event-ID`, to any
/// instance, whenever the stream ends. It keeps of each new order the event's id, the order's, and when it came.
final class ChaosTab: Sendable {
    struct Event: Sendable {
        let id: Int
        let order: Int
        let at: Int
    }

    private struct State {
        var events: [Event] = []
        var socket: TestSocket?
        /// Octets after which the connection is dropped, and the next one.
        var budget: Int?
        var nextBudget: Int?
        /// Milliseconds before the next connection.
        var away = 20
        var parser = EventStreamParser(lastEventID: "0")
        var isClosed = false
        var isRunning = true
    }

    let name: String
    let store: Int
    private let ports: [UInt16]
    private let session: String
    private let ledger: ChaosLedger
    private let state = Guarded(State())

    init(_ name: String, store: Int, ports: [UInt16], session: String, seed: UInt64, _ ledger: ChaosLedger) {
        self.name = name
        self.store = store
        self.ports = ports
        self.session = session
        self.ledger = ledger
        Thread.detachNewThread { [self] in
            var generator = SplitMix64(seed: seed)
            while !state.read({ $0.isClosed }) {
                let instance = Int.random(in: 0..<ports.count, using: &generator)
                do { try read(instance) } catch {
                    // What a browser would do too; what matters is what it has in the end.
                }
                let away = state.update { state in
                    defer { state.away = 20 }
                    return state.away
                }
                Thread.sleep(forTimeInterval: Double(away) / 1000)
            }
            state.update { $0.isRunning = false }
        }
    }

    var events: [Event] { state.read { $0.events } }
    var count: Int { state.read { $0.events.count } }

    /// - Returns: false when it had no connection.
    func cut(_ kind: ChaosSchedule.Cut.Kind) -> Bool {
        state.update { state in
            guard let socket = state.socket else { return false }
            switch kind {
            case .reset: socket.reset()
            case .goodbye: socket.cut()
            case .midway(let octets): state.budget = octets
            case .duringReplay(let away, let octets):
                (state.away, state.nextBudget) = (max(away, 20), octets)
                socket.reset()
            }
            return true
        }
    }

    func close() async throws {
        state.update {
            $0.isClosed = true
            $0.socket?.cut()
        }
        try await eventually("\(name) has ended") { state.read { !$0.isRunning } }
    }

    // MARK: The thread

    private func read(_ instance: Int) throws {
        // Longer than the server's heartbeat, so silence is an error.
        let socket = try TestSocket(port: ports[instance], timeout: 40)
        defer {
            state.update { $0.socket = nil }
            socket.close()
        }
        let cursor = state.update { state -> String? in
            if state.isClosed { return nil }
            state.socket = socket
            (state.budget, state.nextBudget) = (state.nextBudget, nil)
            // What was half read is dropped.
            state.parser = EventStreamParser(lastEventID: state.parser.lastEventID)
            return state.parser.lastEventID
        }
        guard let cursor else { return }
        try socket.write(
            """
            GET /api/sse/connect HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nCookie: \(session)\r
            Last-Event-ID: \(cursor)\r\n\r\n
            """)
        var reader = HTTPResponseReader(socket)
        let response = try reader.head()
        guard response.status == 200 else {
            ledger.violate("\(name): store-admin \(instance) answers \(response.status) to the stream's request")
            return
        }
        ledger.change { $0.streams += 1 }
        var chunks = response.header("transfer-encoding")?.lowercased() == "chunked" ? ChunkedDecoder() : nil
        while chunks?.isComplete != true {
            var bytes = try reader.bytes()
            if bytes.isEmpty { return }
            if chunks != nil, let data = try chunks?.decode(&bytes) { bytes = data }
            if take(bytes) { return }
        }
    }

    /// - Returns: whether the connection is to be dropped now.
    private func take(_ bytes: [UInt8]) -> Bool {
        let at = ledger.now
        return state.update { state in
            var bytes = bytes
            if let budget = state.budget {
                bytes = Array(bytes.prefix(budget))
                state.budget = budget - bytes.count
            }
            for event in state.parser.parse(bytes) {
                switch event.event {
                case "message":
                    guard let id = Int(event.id), let order = Self.orderID(event.data) else {
                        ledger.violate("\(name): an event cannot be read: \(event)")
                        continue
                    }
                    state.events.append(Event(id: id, order: order, at: at))
                case "reset": ledger.violate("\(name) was reset; its last event was \(state.events.last?.id ?? 0)")
                default: break
                }
            }
            return state.budget == 0
        }
    }

    /// The number in `{"user_order_response":{"id":7,…`. All of it is parsed only when it does not begin like that: there
    /// are very many.
    static func orderID(_ data: String) -> Int? {
        let start = #"{"user_order_response":{"id":"#
        if data.utf8.starts(with: start.utf8) {
            let digits = data.utf8.dropFirst(start.utf8.count).prefix { (48...57).contains($0) }
            if let id = Int(Substring(digits)) { return id }
        }
        return (try? JSONValue(parsing: Array(data.utf8)))?["user_order_response"]["id"].int
    }
}
