import Bytes
import EventLoop
import HTTPWire

extension Connection {
    enum Outcome {
        case asGiven
        /// It could not be sent, and another was sent instead.
        case replaced
        /// The connection takes no more.
        case refused
    }

    /// Bodies up to this size are copied behind their head; longer ones are queued as they are.
    static let copyLimit = 16 * 1024

    /// Queues a response; it leaves with all others of this turn in one system call.
    /// - Parameter minorVersion: that of the request's HTTP/1.x.
    func send(
        _ response: borrowing Response, traceID: TraceID, isHead: Bool, keepsAlive: Bool, minorVersion: UInt8
    ) -> Outcome {
        guard let stream else { return .refused }
        let before = stream.pendingOutput
        defer { progress.queued &+= stream.pendingOutput &- before }
        let body = response.body
        let count = body.count
        let isCopied = !isHead && count <= Connection.copyLimit
        var isValid = true
        let isWritten = stream.write { buffer in
            let start = buffer.count
            buffer.reserve(512 + (isCopied ? count : 0))
            appendHead(response, traceID, count, isChunked: minorVersion > 0, &buffer)
            if !response.fields.isEmpty {
                do throws(HTTPError) {
                    try buffer.appendFields(response.fields)
                } catch {
                    buffer.truncate(to: start)
                    isValid = false
                    return
                }
            }
            if !keepsAlive {
                buffer.append("Connection: close\r\n\r\n")
            } else if minorVersion == 0 {
                buffer.append("Connection: keep-alive\r\n\r\n")
            } else {
                buffer.append("\r\n")
            }
            if isCopied { append(body, &buffer) }
        }
        guard isWritten else { return .refused }
        guard isValid else { return sendFailure(traceID, keepsAlive) }
        if isHead || isCopied { return .asGiven }
        let isQueued =
            switch body {
            case .bytes(let bytes): stream.write(shared: SharedBytes(bytes))
            case .shared(let shared): stream.write(shared: shared)
            case .text(let text): stream.write { $0.append(text) }
            case .none, .streamed, .eventStream: true
            }
        return isQueued ? .asGiven : .refused
    }

    /// Lets `write` queue output, and counts it.
    func queue(on stream: Stream, _ write: (Stream) -> Bool) -> Bool {
        let before = stream.pendingOutput
        defer { progress.queued &+= stream.pendingOutput &- before }
        return write(stream)
    }

    private func appendHead(
        _ response: borrowing Response, _ traceID: TraceID, _ count: Int, isChunked: Bool, _ buffer: inout ByteBuffer
    ) {
        buffer.appendStatusLine(response.status)
        context.appendDate(to: &buffer)
        buffer.append("X-Request-Id: ")
        traceID.write(to: &buffer)
        buffer.append("\r\n")
        if let contentType = response.contentType { buffer.appendField("Content-Type", contentType) }
        if response.status.forbidsContent { return }
        switch response.body {
        case .eventStream: break
        case .streamed: if isChunked { buffer.append("Transfer-Encoding: chunked\r\n") }
        default: buffer.appendContentLength(count)
        }
    }

    private func append(_ body: Response.Body, _ buffer: inout ByteBuffer) {
        switch body {
        case .none, .streamed, .eventStream: break
        case .bytes(let bytes): buffer.append(bytes)
        case .text(let text): buffer.append(text)
        case .shared(let shared): buffer.append(shared.bytes)
        }
    }

    /// A header field that cannot be sent is a defect of the handler.
    private func sendFailure(_ traceID: TraceID, _ keepsAlive: Bool) -> Outcome {
        let error = HTTPError(.internalServerError, "the response could not be written")
        var response = context.hooks.errorResponder(error, nil, traceID)
        response.fields = HeaderFields()
        if response.body.isStream { response.body = .none }
        let outcome = send(response, traceID: traceID, isHead: false, keepsAlive: keepsAlive, minorVersion: 1)
        return outcome == .asGiven ? .replaced : outcome
    }
}
