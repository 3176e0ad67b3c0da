/// Finds the end of a message head in octets that arrive bit by bit, looking at each octet once.
///
/// It refuses what shows early that no good head will follow: a line end that is not CRLF, a start line that cannot
/// be one, a head beyond the limit. One empty line before a request is skipped (RFC 9112 section 2.2).
package struct HeadScanner: Sendable {
    package enum Kind: Sendable { case request, response }

    private var scanned = 0
    private var start = 0
    private var lineStart = 0
    private var lines = 0
    private var startLineChecked = false

    package init() {}

    /// True once octets were looked at without a complete head.
    package var hasStarted: Bool { scanned > 0 }

    /// The range of the head, final empty line included, or nil if more octets are needed.
    ///
    /// `bytes` holds all octets since the last head, those of earlier calls included. After a head was found or an
    /// error was thrown the scanner starts anew.
    package mutating func scan(
        _ bytes: UnsafeRawBufferPointer, kind: Kind = .request, limit: Int
    ) throws(HTTPError) -> Range<Int>? {
        guard !bytes.isEmpty else { return nil }
        if scanned <= 2, try !scanBeginning(bytes, kind) { return nil }
        let end = min(bytes.count, start + min(limit, FieldTable.maximumHead))
        while let lineFeed = bytes.firstOffset(of: Octet.lineFeed, in: max(scanned, lineStart)..<max(end, scanned)) {
            guard lineFeed > lineStart, bytes[lineFeed - 1] == Octet.carriageReturn else {
                throw .badRequest("a line ends with a bare LF")
            }
            if lineFeed == lineStart + 1 {
                if lines == 0 { throw .badRequest("more than one empty line before the request line") }
                let head = start..<lineFeed + 1
                self = HeadScanner()
                return head
            }
            lineStart = lineFeed + 1
            scanned = lineStart
            lines += 1
        }
        try checkIncomplete(bytes, kind, end: end, limit: limit)
        return nil
    }

    /// False if more octets are needed.
    private mutating func scanBeginning(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) throws(HTTPError) -> Bool {
        if start == 0, kind == .request, bytes[0] == Octet.carriageReturn {
            guard bytes.count > 1 else { return false }
            guard bytes[1] == Octet.lineFeed else { throw .badRequest("a bare CR before the request line") }
            start = 2
            lineStart = 2
            scanned = 2
        }
        guard bytes.count > start else { return false }
        guard bytes[start].isTokenCharacter || bytes[start] == Octet.carriageReturn else {
            throw .badRequest(bytes[start] == Octet.lineFeed ? "a line ends with a bare LF" : "this is not HTTP/1.1")
        }
        return true
    }

    private mutating func checkIncomplete(
        _ bytes: UnsafeRawBufferPointer, _ kind: Kind, end: Int, limit: Int
    ) throws(HTTPError) {
        // A CR that is not the last octet and is followed by something else will never end a line.
        let from = max(lineStart, scanned - 1)
        if let bare = bytes.firstOffset(of: Octet.carriageReturn, in: from..<max(from, end - 1)),
            bytes[bare + 1] != Octet.lineFeed
        {
            throw .badRequest("a bare CR in the head")
        }
        if bytes.count - start >= min(limit, FieldTable.maximumHead) {
            if lines == 0 { throw HTTPError(.uriTooLong, "the request line is longer than \(limit) octets") }
            throw HTTPError(.requestHeaderFieldsTooLarge, "the head is longer than \(limit) octets")
        }
        if kind == .request, lines >= 1, !startLineChecked,
            let lineFeed = bytes.firstOffset(of: Octet.lineFeed, in: start..<end)
        {
            // The request line is complete: say at once what is wrong with it.
            _ = try RequestLine(bytes.slice(start..<lineFeed - 1))
            startLineChecked = true
        }
        scanned = end
    }
}
