import Foundation

/// Reads an event stream on a thread of its own, as a tab does: it keeps every event, remembers the last id, and comes
/// back with it after a cut.
package final class EventStreamClient: Sendable {
    private struct State {
        var events: [ServerEvent] = []
        var socket: TestSocket?
        var response: HTTPResponse?
        var parser = EventStreamParser()
        var connections = 0
        var failure: String?
        var isClosed = false
        var isRunning = false
    }

    private let port: UInt16
    private let path: String
    private let headers: [String: String]
    private let reconnects: Bool
    private let state: Guarded<State>

    /// - Parameters:
    ///   - lastEventID: where to begin; nil sends no `Last-Event-ID`.
    ///   - reconnects: whether a stream that ends is taken up again by itself, 20 ms later and as often as it takes.
    package init(
        port: UInt16, path: String, headers: [String: String] = [:], lastEventID: String? = nil,
        reconnects: Bool = false
    ) {
        self.port = port
        self.path = path
        self.headers = headers
        self.reconnects = reconnects
        var state = State()
        state.parser = EventStreamParser(lastEventID: lastEventID ?? "")
        self.state = Guarded(state)
    }

    deinit { close() }

    /// Connects and waits for the head of the response.
    ///
    /// - Throws: ``SupportError`` when the status is not 200 (``response`` has it) or nothing comes.
    package func connect(within seconds: Double = 10) async throws {
        let wanted = state.update { state -> Int in
            state.isClosed = false
            state.failure = nil
            return state.connections + 1
        }
        startThread()
        let failure = try await onOwnThread { [state] in
            let answer = state.wait(until: Date(timeIntervalSinceNow: seconds)) { state -> String? in
                state.connections >= wanted ? "" : state.isRunning ? nil : state.failure
            }
            return answer ?? state.read { $0.failure } ?? "no answer within \(seconds) s"
        }
        guard failure.isEmpty else { throw SupportError("event stream \(path): \(failure)") }
    }

    /// Cuts the connection. With `reconnects` the client comes back, else ``resume()`` does it.
    package func cut() { state.read { $0.socket?.reset() } }

    /// Connects again, from the last id.
    package func resume() async throws {
        cut()
        try await waitForEnd()
        try await connect()
    }

    /// Ends the stream for good.
    package func close() {
        state.update {
            $0.isClosed = true
            $0.socket?.cut()
        }
    }

    package var events: [ServerEvent] { state.read { $0.events } }
    /// The unnamed events.
    package var messages: [ServerEvent] { events.filter { $0.event == "message" } }
    package var lastEventID: String { state.read { $0.parser.lastEventID } }
    package var retry: Int? { state.read { $0.parser.retry } }
    package var isConnected: Bool { state.read { $0.socket != nil } }
    /// How often a stream was opened with status 200.
    package var connections: Int { state.read { $0.connections } }
    /// The head of the latest response; of one that was refused, with its body.
    package var response: HTTPResponse? { state.read { $0.response } }

    /// Waits for the first event, of those that came already or will come, that fulfils the condition.
    @discardableResult
    package func event(
        _ what: String = "an event", within seconds: Double = 10,
        where matches: @escaping @Sendable (ServerEvent) -> Bool
    ) async throws -> ServerEvent {
        let found = await wait(seconds) { $0.first(where: matches) }
        guard let found else { throw missing(what, seconds) }
        return found
    }

    /// Waits until so many events have come that fulfil the condition, and hands back all of them.
    @discardableResult
    package func events(
        _ count: Int, within seconds: Double = 10,
        where matches: @escaping @Sendable (ServerEvent) -> Bool = { _ in true }
    ) async throws -> [ServerEvent] {
        let found = await wait(seconds) { events -> [ServerEvent]? in
            let found = events.filter(matches)
            return found.count >= count ? found : nil
        }
        guard let found else { throw missing("\(count) events", seconds) }
        return found
    }

    /// Waits until the server, or a cut, has ended the stream.
    package func waitForEnd(within seconds: Double = 10) async throws {
        let ended = try await onOwnThread { [state] in
            state.wait(until: Date(timeIntervalSinceNow: seconds)) { $0.isRunning ? nil : true } ?? false
        }
        guard ended else { throw SupportError("the event stream is still open after \(seconds) s") }
    }

    private func wait<Result: Sendable>(
        _ seconds: Double, _ find: @escaping @Sendable ([ServerEvent]) -> Result?
    ) async -> Result? {
        try? await onOwnThread { [state] in
            guard
                let found = state.wait(until: Date(timeIntervalSinceNow: seconds), { find($0.events) })
            else { throw SupportError("not found") }
            return found
        }
    }

    private func missing(_ what: String, _ seconds: Double) -> SupportError {
        state.read {
            let events = $0.events.suffix(20).map { "\n  \($0)" }.joined()
            return SupportError(
                "\(what) did not come within \(seconds) s; \($0.failure ?? "the stream is open"). The last of "
                    + "\($0.events.count) events:\(events)")
        }
    }

    // MARK: The thread

    private func startThread() {
        let starts = state.update { state -> Bool in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        let (state, port, path, headers, reconnects) = (self.state, self.port, self.path, self.headers, self.reconnects)
        Thread.detachNewThread {
            repeat {
                do {
                    try Self.readStream(state, port, path, headers)
                    state.update { $0.failure = "the stream ended" }
                } catch { state.update { $0.failure = "\(error)" } }
                let goesOn = reconnects && !state.read { $0.isClosed }
                if goesOn { Thread.sleep(forTimeInterval: 0.02) }
            } while reconnects && !state.read { $0.isClosed }
            state.update { $0.isRunning = false }
        }
    }

    private static func readStream(
        _ state: Guarded<State>, _ port: UInt16, _ path: String, _ headers: [String: String]
    ) throws {
        // Longer than the server's heartbeat, so silence is an error.
        let socket = try TestSocket(port: port, timeout: 60)
        defer {
            state.update { $0.socket = nil }
            socket.close()
        }
        // A close that came before the socket was there must not be missed.
        let lastEventID = state.update { state -> String? in
            if state.isClosed { return nil }
            state.socket = socket
            // What was half read when the last connection ended is dropped, as the standard says.
            state.parser.startAgain()
            return state.parser.lastEventID
        }
        guard let lastEventID else { return }
        var all = headers
        all["Accept"] = all["Accept"] ?? "text/event-stream"
        if !lastEventID.isEmpty { all["Last-Event-ID"] = lastEventID }
        try socket.write(HTTPTestClient.request("GET", path, port: port, all, nil))
        var reader = HTTPResponseReader(socket)
        var response = try reader.head()
        guard response.status == 200 else {
            let length = response.header("content-length").flatMap { Int($0) } ?? 0
            while response.body.count < length {
                let bytes = try reader.bytes()
                if bytes.isEmpty { break }
                response.body += bytes
            }
            state.update { $0.response = response }
            throw SupportError("status \(response.status): \(response.text)")
        }
        state.update {
            $0.response = response
            $0.connections += 1
        }
        var chunks = response.header("transfer-encoding")?.lowercased() == "chunked" ? ChunkedDecoder() : nil
        while chunks?.isComplete != true {
            var bytes = try reader.bytes()
            if bytes.isEmpty { return }
            if chunks != nil, let data = try chunks?.decode(&bytes) { bytes = data }
            state.update { $0.events += $0.parser.parse(bytes) }
        }
    }
}
