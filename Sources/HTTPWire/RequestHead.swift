/// How the octets after a head are framed (RFC 9112 section 6).
package enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
    /// Of responses only: until the connection closes.
    case untilClose
}

/// A request's start line and header fields, checked, in memory of its own that is kept from request to request.
package struct RequestHead: ~Copyable {
    package private(set) var fields = FieldTable()
    package private(set) var framing = BodyFraming.none
    /// The connection may carry a further request after this one.
    package private(set) var keepsAlive = false
    /// The client waits for `100 Continue` before it sends the body.
    package private(set) var expectsContinue = false
    /// The client asks for another protocol (RFC 9110 section 7.8).
    package private(set) var wantsUpgrade = false
    private var line: RequestLine?
    private var hostSlice = HeadSlice.empty

    package init() {}

    /// - Parameter bytes: a whole head as `HeadScanner` found it.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer, maximumFields: Int = 100) throws(HTTPError) {
        fields.load(bytes)
        line = nil
        guard let lineFeed = fields.bytes.firstOffset(of: Octet.lineFeed, in: 0..<fields.bytes.count), lineFeed > 0,
            fields.bytes[lineFeed - 1] == Octet.carriageReturn
        else { throw .badRequest("the request line does not end with CRLF") }
        let line = try RequestLine(fields.bytes.slice(0..<lineFeed - 1))
        self.line = line
        try fields.parseFields(from: lineFeed + 1, limit: maximumFields)
        try readConnectionFields(line)
    }

    package mutating func clear() {
        fields.clear()
        line = nil
        hostSlice = .empty
    }

    package var method: HTTPMethod { line?.method ?? .unrecognized }
    package var minorVersion: UInt8 { line?.minorVersion ?? 1 }
    package var isAsterisk: Bool { line?.isAsterisk ?? false }
    package var isPathEncoded: Bool { line?.isPathEncoded ?? false }

    /// The path as it was sent, percent-encoding and all. Valid until the head changes.
    package var path: UnsafeRawBufferPointer {
        guard let line, !line.path.isEmpty else { return RequestHead.root }
        return fields[line.path]
    }

    /// The query without its question mark. Valid until the head changes.
    package var query: UnsafeRawBufferPointer { fields[line?.query ?? .empty] }
    package var target: UnsafeRawBufferPointer { fields[line?.target ?? .empty] }
    package var methodName: UnsafeRawBufferPointer { fields[line?.methodName ?? .empty] }

    /// Host and port that the client meant; empty for HTTP/1.0 without Host. Valid until the head changes.
    package var host: UnsafeRawBufferPointer { fields[hostSlice] }

    private static var root: UnsafeRawBufferPointer {
        let slash: StaticString = "/"
        return UnsafeRawBufferPointer(start: slash.utf8Start, count: 1)
    }

    private mutating func readConnectionFields(_ line: RequestLine) throws(HTTPError) {
        framing = .none
        keepsAlive = line.isPersistentByDefault
        expectsContinue = false
        wantsUpgrade = false
        hostSlice = .empty
        var hosts = 0
        var closes = false
        for index in 0..<fields.count {
            let (name, value) = fields.field(at: index)
            switch name.count {
            case 4 where name.equalsIgnoringCase("host"):
                hosts += 1
                hostSlice = fields.valueSlice(at: index)
            case 6 where name.equalsIgnoringCase("expect"):
                if line.minorVersion >= 1 { try readExpectation(value) }
            case 7 where name.equalsIgnoringCase("upgrade"):
                wantsUpgrade = line.minorVersion >= 1
            case 10 where name.equalsIgnoringCase("connection"):
                let options = ConnectionOptions(value)
                closes = closes || options.close
                keepsAlive = keepsAlive || options.keepAlive
            case 14 where name.equalsIgnoringCase("content-length"):
                try readContentLength(value)
            case 17 where name.equalsIgnoringCase("transfer-encoding"):
                try readTransferEncoding(value, line)
            default:
                break
            }
        }
        if closes { keepsAlive = false }
        try checkHost(hosts, line)
    }

    private mutating func checkHost(_ hosts: Int, _ line: RequestLine) throws(HTTPError) {
        guard hosts <= 1 else { throw .badRequest("more than one Host field") }
        guard hosts == 1 || line.minorVersion == 0 else { throw .badRequest("the Host field is missing") }
        if hosts == 1, !isHost(fields[hostSlice]) { throw .badRequest("the Host field is not a host") }
        if !line.authority.isEmpty { hostSlice = line.authority }
    }

    private mutating func readContentLength(_ value: UnsafeRawBufferPointer) throws(HTTPError) {
        guard framing == .none else {
            throw .badRequest("two fields say where the body ends")
        }
        guard !value.isEmpty, value.allSatisfy({ $0.isDigit }) else {
            throw .badRequest("Content-Length is not a number")
        }
        guard let length = value.decimalValue else {
            throw HTTPError(.contentTooLarge, "Content-Length is beyond every limit")
        }
        framing = .length(length)
    }

    private mutating func readTransferEncoding(
        _ value: UnsafeRawBufferPointer, _ line: RequestLine
    ) throws(HTTPError) {
        guard framing == .none else { throw .badRequest("two fields say where the body ends") }
        guard line.minorVersion >= 1 else { throw .badRequest("Transfer-Encoding in an HTTP/1.0 request") }
        guard value.equalsIgnoringCase("chunked") else {
            throw .badRequest("a Transfer-Encoding other than chunked")
        }
        framing = .chunked
    }

    private mutating func readExpectation(_ value: UnsafeRawBufferPointer) throws(HTTPError) {
        guard value.equalsIgnoringCase("100-continue") else {
            throw HTTPError(.expectationFailed, "an expectation other than 100-continue")
        }
        expectsContinue = true
    }
}

/// The options of a Connection field that matter here (RFC 9110 section 7.6.1).
struct ConnectionOptions {
    var close = false
    var keepAlive = false

    init(_ value: UnsafeRawBufferPointer) {
        if value.equalsIgnoringCase("keep-alive") {
            keepAlive = true
            return
        }
        var close = false
        var keepAlive = false
        value.forEachPart(separatedBy: UInt8(ascii: ",")) { part in
            if part.equalsIgnoringCase("close") { close = true }
            if part.equalsIgnoringCase("keep-alive") { keepAlive = true }
            return true
        }
        self.close = close
        self.keepAlive = keepAlive
    }
}
