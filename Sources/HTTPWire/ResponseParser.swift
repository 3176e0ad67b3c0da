import Bytes

/// Reads responses of one connection (RFC 9112 sections 4, 6), strictly and with limits.
///
/// Feed it with `parse`, and `end` at the end of the connection. The body gathers in `body`, from where a reader of a
/// long stream may take octets at any time.
package struct ResponseParser: ~Copyable {
    package struct Limits: Sendable {
        package var head = 16_384
        package var fields = 100
        /// Octets of body that may lie in `body` at a time.
        package var body = 1 << 20

        package init() {}
    }

    private enum State { case head, length(Int), chunked(ChunkedDecoder), untilClose, complete }

    package private(set) var status = HTTPStatus(0)
    package private(set) var fields = FieldTable()
    /// True if the connection can carry another request after this response.
    package private(set) var keepsAlive = false
    package var body = ByteBuffer()

    private let limits: Limits
    private var requestMethod: HTTPMethod
    private var state = State.head
    private var head = ByteBuffer()
    private var scanner = HeadScanner()

    /// - Parameter method: of the request that is answered: the response to HEAD has no body.
    package init(to method: HTTPMethod, limits: Limits = Limits()) {
        requestMethod = method
        self.limits = limits
    }

    /// Makes ready for the response to a further request on the same connection.
    package mutating func reset(to method: HTTPMethod) {
        requestMethod = method
        state = .head
        status = HTTPStatus(0)
        body.clear()
        head.clear()
        scanner = HeadScanner()
    }

    package var isComplete: Bool { if case .complete = state { true } else { false } }
    package var hasHead: Bool { if case .head = state { false } else { true } }

    /// Takes octets of the connection; returns how many belong to this response: all unless it is complete.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int {
        var position = 0
        while position < bytes.count, !isComplete {
            let rest = bytes.slice(position..<bytes.count)
            switch state {
            case .head:
                position += try parseHead(rest)
            case .length(let remaining):
                let count = min(remaining, rest.count)
                try take(rest.slice(0..<count))
                state = remaining == count ? .complete : .length(remaining - count)
                position += count
            case .chunked(var decoder):
                do {
                    position += try decoder.decode(rest, into: &body, limit: limits.body)
                } catch {
                    throw HTTPError(.badGateway, error.message)
                }
                state = decoder.isDone ? .complete : .chunked(decoder)
            case .untilClose:
                try take(rest)
                position = bytes.count
            case .complete:
                break
            }
        }
        return position
    }

    /// The connection ended; throws if the response is not complete then.
    package mutating func end() throws(HTTPError) {
        switch state {
        case .complete: return
        case .untilClose: state = .complete
        default: throw HTTPError(.badGateway, "the connection ended before the response did")
        }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        guard bytes.count <= limits.body - body.count else {
            throw HTTPError(.badGateway, "the response's body is longer than \(limits.body) octets")
        }
        body.append(bytes)
    }

    private mutating func parseHead(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int {
        let before = head.count
        head.append(bytes)
        let found: Range<Int>?
        do {
            let limit = limits.head
            found = try head.withBytes { bytes throws(HTTPError) in
                try scanner.scan(bytes, kind: .response, limit: limit)
            }
            guard let found else { return bytes.count }
            try head.withBytes { bytes throws(HTTPError) in
                fields.load(bytes.slice(found))
            }
            try readStatusLineAndFields()
        } catch {
            throw HTTPError(.badGateway, error.message)
        }
        let consumed = (found?.upperBound ?? 0) - before
        head.release()
        return consumed
    }

    private mutating func readStatusLineAndFields() throws(HTTPError) {
        let bytes = fields.bytes
        guard let lineFeed = bytes.firstOffset(of: Octet.lineFeed, in: 0..<bytes.count), lineFeed >= 13,
            bytes.slice(0..<7).equals("HTTP/1."), bytes[7].isDigit, bytes[8] == Octet.space,
            bytes[12] == Octet.space || lineFeed == 13,
            bytes.slice(13..<max(13, lineFeed - 1)).allSatisfy({ $0.isFieldCharacter }),
            let code = bytes.slice(9..<12).decimalValue, code >= 100
        else { throw .badRequest("the status line is malformed") }
        let isPersistent = bytes[7] != UInt8(ascii: "0")
        try fields.parseFields(from: lineFeed + 1, limit: limits.fields)
        status = HTTPStatus(UInt16(code))
        // 101 ends HTTP on this connection; the other 1xx announce a response that is still to come.
        guard status.isFinal || status == .switchingProtocols else { return }
        try readFraming(isPersistent)
    }

    private mutating func readFraming(_ isPersistent: Bool) throws(HTTPError) {
        keepsAlive = isPersistent
        var length: Int?
        var isChunked = false
        for index in 0..<fields.count {
            let (name, value) = fields.field(at: index)
            if name.equalsIgnoringCase("content-length") {
                guard length == nil, let number = value.decimalValue else {
                    throw .badRequest("Content-Length is repeated or not a number")
                }
                length = number
            } else if name.equalsIgnoringCase("transfer-encoding") {
                guard !isChunked, value.equalsIgnoringCase("chunked") else {
                    throw .badRequest("a Transfer-Encoding other than chunked")
                }
                isChunked = true
            } else if name.equalsIgnoringCase("connection") {
                let options = ConnectionOptions(value)
                keepsAlive = options.close ? false : keepsAlive || options.keepAlive
            }
        }
        guard !isChunked || length == nil else { throw .badRequest("two fields say where the body ends") }
        if requestMethod == .head || status.forbidsContent {
            state = .complete
        } else if isChunked {
            state = .chunked(ChunkedDecoder())
        } else if let length {
            state = length == 0 ? .complete : .length(length)
        } else {
            keepsAlive = false
            state = .untilClose
        }
    }
}
