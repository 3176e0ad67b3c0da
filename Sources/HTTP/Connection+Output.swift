import Bytes
import EventLoop
import HTTPWire

extension Connection {
    /// Bodies up to this size are copied behind their head; longer ones are queued as they are.
    private static let copyLimit = 16 * 1024

    /// Queues a response; it leaves with all others of this turn in one system call.
    /// - Returns: false if the connection cannot take it.
    func send(
        _ response: borrowing Response, traceID: TraceID, isHead: Bool, keepsAlive: Bool, saysKeepAlive: Bool
    ) -> Bool {
        guard let stream else { return false }
        let body = response.body
        let count = body.count
        let isCopied = !isHead && count <= Connection.copyLimit
        var isValid = true
        let isWritten = stream.write { buffer in
            let start = buffer.count
            buffer.reserve(512 + (isCopied ? count : 0))
            appendHead(response, traceID, count, &buffer)
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
            } else if saysKeepAlive {
                buffer.append("Connection: keep-alive\r\n\r\n")
            } else {
                buffer.append("\r\n")
            }
            if isCopied { append(body, &buffer) }
        }
        guard isWritten else { return false }
        guard isValid else { return sendFailure(traceID, keepsAlive) }
        if isHead || isCopied { return true }
        switch body {
        case .bytes(let bytes): return stream.write(shared: SharedBytes(bytes))
        case .shared(let shared): return stream.write(shared: shared)
        case .text(let text):
            return stream.write {
                $0.append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            }
        case .none, .eventStream: return true
        }
    }

    private func appendHead(
        _ response: borrowing Response, _ traceID: TraceID, _ count: Int, _ buffer: inout ByteBuffer
    ) {
        buffer.appendStatusLine(response.status)
        context.appendDate(to: &buffer)
        buffer.append("X-Request-Id: ")
        traceID.write(to: &buffer)
        buffer.append("\r\n")
        if let contentType = response.contentType { buffer.appendField("Content-Type", contentType) }
        if case .eventStream = response.body { return }
        if !response.status.forbidsContent { buffer.appendContentLength(count) }
    }

    private func append(_ body: Response.Body, _ buffer: inout ByteBuffer) {
        switch body {
        case .none, .eventStream: break
        case .bytes(let bytes): buffer.append(bytes)
        case .text(let text): buffer.append(text)
        case .shared(let shared): buffer.append(shared.bytes)
        }
    }

    /// A header field that cannot be sent is a defect of the handler.
    private func sendFailure(_ traceID: TraceID, _ keepsAlive: Bool) -> Bool {
        let error = HTTPError(.internalServerError, "the response could not be written")
        var response = context.hooks.errorResponder(error, nil, traceID)
        response.fields = HeaderFields()
        if case .eventStream = response.body { response.body = .none }
        return send(response, traceID: traceID, isHead: false, keepsAlive: keepsAlive, saysKeepAlive: false)
    }
}
