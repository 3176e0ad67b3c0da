import Bytes

/// One event of an event stream (WHATWG HTML section 9.2).
package struct ServerSentEvent: Sendable, Equatable {
    /// Nil is an unnamed event, which reaches `onmessage`.
    package var event: String?
    package var id: String?
    package var data: String
    /// Milliseconds until the browser connects again.
    package var retry: Int?

    package init(data: String, event: String? = nil, id: String? = nil, retry: Int? = nil) {
        self.event = event
        self.id = id
        self.data = data
        self.retry = retry
    }

    /// Appends the event with the empty line that dispatches it.
    ///
    /// Throws, with nothing appended, if `event` or `id` holds a line end, or `id` a NUL (a browser ignores such ids).
    package func encode(into buffer: inout ByteBuffer) throws(HTTPError) {
        try ServerSentEvent.check(event: event, id: id)
        var data = data
        data.withUTF8 {
            ServerSentEvent.append(event, id, UnsafeRawBufferPointer($0), retry, &buffer)
        }
    }

    /// The same for data that is at hand as UTF-8. Data is split at CR, LF and CRLF, each of which ends a line.
    package static func encode(
        event: String? = nil, id: String? = nil, data: UnsafeRawBufferPointer, retry: Int? = nil,
        into buffer: inout ByteBuffer
    ) throws(HTTPError) {
        try check(event: event, id: id)
        append(event, id, data, retry, &buffer)
    }

    private static func check(event: String?, id: String?) throws(HTTPError) {
        if let event, !isOneLine(event) {
            throw HTTPError(.internalServerError, "an event's name holds a line end")
        }
        if let id, !isOneLine(id) || id.utf8.contains(0) {
            throw HTTPError(.internalServerError, "an event's id holds a line end or NUL")
        }
    }

    private static func append(
        _ event: String?, _ id: String?, _ data: UnsafeRawBufferPointer, _ retry: Int?, _ buffer: inout ByteBuffer
    ) {
        if let retry {
            buffer.append("retry: ")
            buffer.append(decimal: retry)
            buffer.append("\n")
        }
        if let id { appendLine("id: ", id, &buffer) }
        if let event { appendLine("event: ", event, &buffer) }
        appendLines("data: ", data, &buffer)
        buffer.append("\n")
    }

    /// Appends a comment, which keeps a connection alive and is invisible to the page.
    package static func encode(comment: String, into buffer: inout ByteBuffer) {
        var comment = comment
        comment.withUTF8 { appendLines(": ", UnsafeRawBufferPointer($0), &buffer) }
        buffer.append("\n")
    }

    private static func isOneLine(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 != Octet.lineFeed && $0 != Octet.carriageReturn }
    }

    private static func appendLine(_ prefix: StaticString, _ text: String, _ buffer: inout ByteBuffer) {
        buffer.append(prefix)
        buffer.append(utf8: text)
        buffer.append("\n")
    }

    private static func appendLines(_ prefix: StaticString, _ text: UnsafeRawBufferPointer, _ buffer: inout ByteBuffer)
    {
        var start = 0
        while true {
            var end = start
            while end < text.count, text[end] != Octet.lineFeed, text[end] != Octet.carriageReturn { end += 1 }
            buffer.append(prefix)
            buffer.append(text.slice(start..<end))
            buffer.append("\n")
            guard end < text.count else { return }
            let isPair = text[end] == Octet.carriageReturn && end + 1 < text.count && text[end + 1] == Octet.lineFeed
            start = end + (isPair ? 2 : 1)
        }
    }
}
