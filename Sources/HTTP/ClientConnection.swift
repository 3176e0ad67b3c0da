import Bytes
import EventLoop
import Glibc
import HTTPWire
import TLS

/// A client's connection: one request at a time, on the loop.
actor ClientConnection: StreamHandler {
    private let loop: EventLoop
    /// nil for `http`.
    private let filter: TLSFilter?
    private var stream: Stream?
    private var parser = ResponseParser(to: .get)
    /// Of the request that is under way.
    private var exchange: Once<HTTPClient.Response>?
    private var keepsAlive = true
    /// Whether it has carried a request before the present one.
    private(set) var isReused = false
    /// Whether the peer has said anything since the last request.
    private(set) var hasHeard = false
    private var idleTimer: EventLoop.TimerToken?
    private var whenIdleEnds: (@Sendable () -> Void)?

    init(on loop: EventLoop, filter: sending TLSFilter?) {
        self.loop = loop
        self.filter = filter
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func start(_ descriptor: consuming OwnedDescriptor) throws {
        stream = try Stream(descriptor, on: loop, filter: filter, handler: self)
    }

    /// Whether another request may be sent.
    var isUsable: Bool { stream != nil && keepsAlive && exchange == nil }

    func close() { stream?.close() }

    // MARK: - A request

    /// Whatever it throws, the connection is closed then.
    func perform(_ call: ClientPool.Call) async throws -> HTTPClient.Response {
        guard let stream, exchange == nil else { throw SystemError("send", code: EPIPE) }
        parser = ResponseParser(to: call.method, limits: call.limits)
        hasHeard = false
        let once = Once<HTTPClient.Response>()
        exchange = once
        stream.write(shared: call.octets)
        do {
            let response = try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { once.wait($0) }
            } onCancel: {
                loop.execute { once.finish(.failure(CancellationError())) }
            }
            isReused = true
            return response
        } catch {
            exchange = nil
            close()
            throw error
        }
    }

    private func finish(_ result: Result<HTTPClient.Response, any Error>) {
        exchange?.finish(result)
        exchange = nil
        if !keepsAlive { close() }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        // Nobody asked: what it says could be taken for the answer to the next request.
        guard exchange != nil else { return close() }
        hasHeard = true
        do {
            let used = try parser.parse(bytes)
            guard parser.isComplete else { return }
            // An answer before the end of the question, or more than one answer: the rest cannot be told apart.
            let isClean = used == bytes.count && stream?.pendingOutput == 0
            keepsAlive = parser.keepsAlive && isClean && parser.status != .switchingProtocols
            finish(.success(response()))
        } catch {
            keepsAlive = false
            finish(.failure(error))
        }
    }

    private func response() -> HTTPClient.Response {
        var fields = HeaderFields()
        for index in 0..<parser.fields.count {
            let field = parser.fields.field(at: index)
            fields.append(field.name.text, field.value.text)
        }
        return HTTPClient.Response(status: parser.status, fields: fields, body: parser.body.array)
    }

    private func peerDidEnd() {
        keepsAlive = false
        guard exchange != nil else { return close() }
        do {
            try parser.end()
            finish(.success(response()))
        } catch {
            finish(.failure(error))
        }
    }

    private func didClose(_ error: SystemError?) {
        stream = nil
        keepsAlive = false
        // Too late to matter if the response is complete.
        let reason: any Error = filter?.failure ?? error ?? SystemError("recv", code: ECONNRESET)
        exchange?.finish(.failure(reason))
        exchange = nil
        let whenIdleEnds = self.whenIdleEnds
        resume()
        whenIdleEnds?()
    }

    // MARK: - Between requests

    /// Waits for a further request, for `time` at most.
    func rest(for time: Duration, whenEnded: @escaping @Sendable () -> Void) {
        // What was read belongs to nobody any more.
        parser = ResponseParser(to: .get)
        whenIdleEnds = whenEnded
        idleTimer = loop.schedule(after: time) { [weak self] in self?.assumeIsolated { $0.close() } }
    }

    /// Ends the rest.
    /// - Returns: false if the peer has ended the connection, also if the loop has not looked at it yet.
    func wake() -> Bool {
        resume()
        stream?.receiveNow()
        return isUsable
    }

    private func resume() {
        whenIdleEnds = nil
        if let idleTimer { loop.cancel(idleTimer) }
        idleTimer = nil
    }

    // MARK: - The stream

    nonisolated func streamDidReceive(_ received: ReceivedBytes) {
        assumeIsolated { $0.take(received.bytes) }
    }

    nonisolated func streamDidDrain() {}

    nonisolated func streamDidEnd() {
        assumeIsolated { $0.peerDidEnd() }
    }

    nonisolated func streamDidClose(_ error: SystemError?) {
        assumeIsolated { $0.didClose(error) }
    }
}
