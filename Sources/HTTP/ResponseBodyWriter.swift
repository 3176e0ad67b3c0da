import Bytes
import EventLoop
import HTTPWire
import Synchronized

/// The connection ended before the body did: the client left, took nothing for too long, or the server went down.
package struct ConnectionClosed: Error, CustomStringConvertible {
    package var description: String { "the connection ended before the response's body did" }
}

/// Writes the body of a streamed response, piece by piece. It lives as long as the call that got it.
package struct ResponseBodyWriter: ~Copyable {
    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// Sends `bytes`, and waits while more than a little waits for the client to take it: what is held in memory is
    /// one piece and a mark. Throws when the connection has ended.
    package func write(_ bytes: [UInt8]) async throws(ConnectionClosed) {
        try await connection.writeBody(bytes)
    }

    /// The same for octets that others send too; they are not copied.
    package func write(_ bytes: SharedBytes) async throws(ConnectionClosed) {
        try await connection.writeBody(bytes)
    }

    /// The same for text.
    package func write(_ text: String) async throws(ConnectionClosed) {
        try await connection.writeBody(Array(text.utf8))
    }
}

/// What a streamed body needs beside its connection. Used on the loop only.
final class BodyState {
    let request: RequestStorage
    let status: HTTPStatus
    let keepsAlive: Bool
    /// Octets of the body without its framing.
    var count = 0
    /// The body's task, while it waits for the client to take what was written.
    var waiter: CheckedContinuation<Void, Never>?
    var task: Task<Void, Never>?
    /// The connection's own, to be set again afterwards.
    var outputLimit = 0

    init(_ request: RequestStorage, _ status: HTTPStatus, keepsAlive: Bool) {
        self.request = request
        self.status = status
        self.keepsAlive = keepsAlive
    }

    /// HTTP/1.0 does not know chunks: there the end of the connection is that of the body (RFC 9112 section 6.3).
    var isChunked: Bool { request.head.minorVersion > 0 }

    func resume() {
        let waiter = self.waiter
        self.waiter = nil
        waiter?.resume()
    }
}

extension Connection {
    /// The head is queued; lets `produce` write the body behind it.
    func beginBody(_ state: BodyState, _ produce: @escaping Response.BodyProducer) {
        phase = .sending
        body = state
        // The waits between pieces bound the output; one piece may be of any size.
        state.outputLimit = stream?.outputLimit ?? 0
        stream?.outputLimit = .max
        let task = Task.immediate(executorPreference: context.loop) {
            do {
                let writer = ResponseBodyWriter(self)
                try await produce(writer)
                bodyDidEnd(state, nil)
            } catch {
                bodyDidEnd(state, error)
            }
        }
        if body === state { state.task = task }
    }

    func writeBody(_ bytes: [UInt8]) async throws(ConnectionClosed) {
        if bytes.count > Connection.copyLimit { return try await writeBody(SharedBytes(bytes)) }
        guard phase == .sending, let body, let stream else { throw ConnectionClosed() }
        let isQueued = queue(on: stream) { stream in
            stream.write { buffer in
                if body.isChunked {
                    bytes.withUnsafeBytes { buffer.appendChunk($0) }
                } else {
                    buffer.append(bytes)
                }
            }
        }
        guard isQueued else { throw ConnectionClosed() }
        body.count += bytes.count
        try await waitForClient()
    }

    func writeBody(_ bytes: SharedBytes) async throws(ConnectionClosed) {
        guard phase == .sending, let body, let stream else { throw ConnectionClosed() }
        guard bytes.count > 0 else { return }
        let isQueued = queue(on: stream) { stream in
            guard body.isChunked else { return stream.write(shared: bytes) }
            return stream.write { $0.appendChunkHead(bytes.count) } && stream.write(shared: bytes)
                && stream.write { $0.append("\r\n") }
        }
        guard isQueued else { throw ConnectionClosed() }
        body.count += bytes.count
        try await waitForClient()
    }

    /// The stream's low-water mark ends the wait, with the turn's output sent in between, so that a body that is always
    /// ready does not hold up the loop's other connections.
    private func waitForClient() async throws(ConnectionClosed) {
        guard let stream else { throw ConnectionClosed() }
        if stream.pendingOutput <= stream.lowWaterMark { return }
        await withCheckedContinuation { continuation in
            guard phase == .sending, let body, let stream = self.stream, stream.pendingOutput > stream.lowWaterMark
            else { return continuation.resume() }
            body.waiter = continuation
        }
        guard phase == .sending else { throw ConnectionClosed() }
    }

    private func bodyDidEnd(_ state: BodyState, _ error: (any Error)?) {
        observe(state.request, state.status, bodyCount: state.count)
        guard phase == .sending, body === state else { return context.giveBack(state.request) }
        body = nil
        state.task = nil
        stream?.outputLimit = state.outputLimit
        if let error {
            // The status is sent already: all that is left is to report it, and to end without the last chunk.
            _ = context.hooks.errorResponder(error, Request(state.request), state.request.traceID)
            context.giveBack(state.request)
            return linger()
        }
        context.giveBack(state.request)
        if state.isChunked, let stream {
            _ = queue(on: stream) { $0.write { $0.appendLastChunk() } }
        }
        guard state.keepsAlive, !context.isDraining else { return linger() }
        phase = .head
        setDeadline(context.ticks.idle)
        continueReading()
        if hasPeerEnded, phase == .head { stream?.closeAfterFlush() }
    }
}
