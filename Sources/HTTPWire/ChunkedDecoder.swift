import Bytes

/// Decodes the chunked transfer coding (RFC 9112 section 7.1) from octets that arrive bit by bit.
///
/// Strict: CRLF only, sizes of at most 15 hexadecimal digits, all chunk extensions of a body together at most 4 KiB,
/// trailers at most 8 KiB. Extensions and trailers are checked and dropped.
package struct ChunkedDecoder: Sendable {
    private enum State: Sendable {
        case size, sizeEnd, extensions, extensionsEnd, data, dataCarriageReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, endLineFeed, done
    }

    private static let maximumExtensions = 4096
    private static let maximumTrailers = 8192

    private var state = State.size
    private var digits = 0
    private var remaining = 0
    private var extensionOctets = 0
    private var trailerOctets = 0

    package init() {}

    package var isDone: Bool { state == .done }

    /// Appends the decoded octets of `bytes` to `body`; the body must not grow beyond `limit` octets.
    ///
    /// Returns how many octets of `bytes` belong to this body: all of them unless it is done.
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer, into body: inout ByteBuffer, limit: Int
    ) throws(HTTPError) -> Int {
        var position = 0
        while position < bytes.count, state != .done {
            if state == .data {
                let count = min(remaining, bytes.count - position)
                body.append(bytes.slice(position..<position + count))
                position += count
                remaining -= count
                if remaining == 0 { state = .dataCarriageReturn }
            } else {
                try step(bytes[position])
                position += 1
                if state == .data, remaining > limit - body.count {
                    throw HTTPError(.contentTooLarge, "the body is longer than \(limit) octets")
                }
            }
        }
        return position
    }

    private mutating func step(_ octet: UInt8) throws(HTTPError) {
        switch state {
        case .size: try stepSize(octet)
        case .sizeEnd, .extensionsEnd:
            guard octet == Octet.lineFeed else { throw .badRequest("a chunk's size does not end with CRLF") }
            digits = 0
            state = remaining == 0 ? .trailerStart : .data
        case .extensions:
            extensionOctets += 1
            guard extensionOctets <= ChunkedDecoder.maximumExtensions else {
                throw .badRequest("the chunk extensions are too long")
            }
            if octet == Octet.carriageReturn {
                state = .extensionsEnd
            } else if !octet.isFieldCharacter {
                throw .badRequest("a control character in a chunk extension")
            }
        case .dataCarriageReturn:
            guard octet == Octet.carriageReturn else { throw .badRequest("a chunk is longer than its size says") }
            state = .dataLineFeed
        case .dataLineFeed:
            guard octet == Octet.lineFeed else { throw .badRequest("a chunk does not end with CRLF") }
            state = .size
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .endLineFeed:
            try stepTrailer(octet)
        case .data, .done:
            break
        }
    }

    private mutating func stepSize(_ octet: UInt8) throws(HTTPError) {
        if let digit = octet.hexadecimalValue {
            digits += 1
            guard digits <= 15 else { throw .badRequest("a chunk's size has too many digits") }
            remaining = remaining << 4 | Int(digit)
            return
        }
        guard digits > 0 else { throw .badRequest("a chunk without a size") }
        switch octet {
        case Octet.carriageReturn: state = .sizeEnd
        case UInt8(ascii: ";"): state = .extensions
        default: throw .badRequest("a chunk's size is not a hexadecimal number")
        }
    }

    private mutating func stepTrailer(_ octet: UInt8) throws(HTTPError) {
        trailerOctets += 1
        guard trailerOctets <= ChunkedDecoder.maximumTrailers else {
            throw HTTPError(.requestHeaderFieldsTooLarge, "the trailer section is too long")
        }
        switch state {
        case .trailerStart where octet == Octet.carriageReturn:
            state = .endLineFeed
        case .trailerStart:
            guard octet.isTokenCharacter else { throw .badRequest("a trailer's name is not a token") }
            state = .trailerName
        case .trailerName where octet == UInt8(ascii: ":"):
            state = .trailerValue
        case .trailerName:
            guard octet.isTokenCharacter else { throw .badRequest("a trailer's name is not a token") }
        case .trailerValue where octet == Octet.carriageReturn:
            state = .trailerLineFeed
        case .trailerValue:
            guard octet.isFieldCharacter else { throw .badRequest("a control character in a trailer") }
        case .trailerLineFeed:
            guard octet == Octet.lineFeed else { throw .badRequest("a trailer does not end with CRLF") }
            state = .trailerStart
        default:
            guard octet == Octet.lineFeed else { throw .badRequest("a chunked body does not end with CRLF") }
            state = .done
        }
    }
}
