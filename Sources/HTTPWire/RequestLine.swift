/// Method, target and version (RFC 9112 section 3). Slices count from the first octet of the line.
package struct RequestLine: Sendable {
    package let method: HTTPMethod
    package let methodName: HeadSlice
    package let target: HeadSlice
    /// Without the query; empty means "/".
    package let path: HeadSlice
    /// After the question mark; empty if there is none.
    package let query: HeadSlice
    /// Of a target in absolute form: it stands above the Host field (RFC 9112 section 3.2.2).
    package let authority: HeadSlice
    /// 0 or 1: a higher minor version is answered as HTTP/1.1 (RFC 9110 section 2.5).
    package let minorVersion: UInt8
    /// True for `OPTIONS *`.
    package let isAsterisk: Bool
    /// True if the path holds percent-encoded octets.
    package let isPathEncoded: Bool

    /// `line` comes without its CRLF.
    package init(_ line: UnsafeRawBufferPointer) throws(HTTPError) {
        var position = 0
        while position < line.count, line[position].isTokenCharacter { position += 1 }
        guard position > 0, position < line.count, line[position] == Octet.space else {
            throw .badRequest("the method is not a token followed by one space")
        }
        method = HTTPMethod(line.slice(0..<position))
        methodName = HeadSlice(0..<position)
        let start = position + 1
        let scan = try TargetScan(line, from: start)
        guard scan.end > start else { throw .badRequest("the request target is empty") }
        guard scan.end < line.count, line[scan.end] == Octet.space else {
            throw .badRequest("the request line has no version")
        }
        minorVersion = try parseVersion(line.slice(scan.end + 1..<line.count))
        target = HeadSlice(start..<scan.end)
        var pathStart = start
        if line[start] == UInt8(ascii: "/") {
            authority = .empty
            isAsterisk = false
        } else if scan.end == start + 1, line[start] == UInt8(ascii: "*") {
            guard method == .options else { throw .badRequest("the target * belongs to OPTIONS only") }
            authority = .empty
            isAsterisk = true
        } else if method == .connect {
            throw HTTPError(.notImplemented, "CONNECT is not offered here")
        } else {
            let range = try parseAuthority(line.slice(start..<scan.end))
            authority = HeadSlice(start + range.lowerBound..<start + range.upperBound)
            pathStart = start + range.upperBound
            isAsterisk = false
        }
        let pathEnd = scan.question ?? scan.end
        guard pathStart <= pathEnd else { throw .badRequest("the request target's authority is not valid") }
        path = HeadSlice(pathStart..<pathEnd)
        query = scan.question.map { HeadSlice($0 + 1..<scan.end) } ?? .empty
        isPathEncoded = scan.isPathEncoded
    }

    /// HTTP/1.1 closes only when told; HTTP/1.0 keeps only when told.
    var isPersistentByDefault: Bool { minorVersion >= 1 }
}

/// Walks over the octets of a target and refuses those that RFC 3986 does not allow there.
private struct TargetScan {
    var end: Int
    var question: Int?
    var isPathEncoded = false

    init(_ line: UnsafeRawBufferPointer, from start: Int) throws(HTTPError) {
        var position = start
        while position < line.count {
            let octet = line[position]
            switch octet {
            case UInt8(ascii: "?"):
                if question == nil { question = position }
            case UInt8(ascii: "%"):
                guard position + 2 < line.count, line[position + 1].hexadecimalValue != nil,
                    line[position + 2].hexadecimalValue != nil
                else { throw .badRequest("a percent sign in the target is not followed by two hexadecimal digits") }
                if question == nil { isPathEncoded = true }
            case UInt8(ascii: "#"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"):
                throw .badRequest("a character in the target that a URI cannot hold")
            case Octet.space:
                end = position
                return
            case 0..<0x20, 0x7F...:
                throw .badRequest("a control character or an octet above ASCII in the target")
            default:
                break
            }
            position += 1
        }
        end = position
    }
}

/// Returns the minor version of `HTTP/1.x`.
private func parseVersion(_ text: UnsafeRawBufferPointer) throws(HTTPError) -> UInt8 {
    guard text.count == 8, text.slice(0..<5).equals("HTTP/"), text[5].isDigit, text[6] == UInt8(ascii: "."),
        text[7].isDigit
    else { throw .badRequest("the request line does not end with an HTTP version") }
    guard text[5] == UInt8(ascii: "1") else {
        throw HTTPError(.httpVersionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    }
    return min(text[7] &- 0x30, 1)
}

/// The range of the authority in `http://authority/…`.
private func parseAuthority(_ target: UnsafeRawBufferPointer) throws(HTTPError) -> Range<Int> {
    let schemeEnd: Int
    if target.count > 7, target.slice(0..<7).equalsIgnoringCase("http://") {
        schemeEnd = 7
    } else if target.count > 8, target.slice(0..<8).equalsIgnoringCase("https://") {
        schemeEnd = 8
    } else {
        throw .badRequest("the target is neither a path nor an http URI")
    }
    var end = schemeEnd
    while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?") { end += 1 }
    guard isHost(target.slice(schemeEnd..<end)) else {
        throw .badRequest("the request target's authority is not valid")
    }
    return schemeEnd..<end
}

/// `uri-host [ ":" port ]` with a host that is not empty (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
func isHost(_ text: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    if text.first == UInt8(ascii: "[") {
        position = 1
        while position < text.count, text[position] != UInt8(ascii: "]") {
            let octet = text[position]
            guard octet.hexadecimalValue != nil || octet == UInt8(ascii: ":") || octet == UInt8(ascii: ".") else {
                return false
            }
            position += 1
        }
        guard position < text.count, position >= 3 else { return false }
        position += 1
    } else {
        while position < text.count, text[position] != UInt8(ascii: ":") {
            guard isRegisteredNameCharacter(text[position]) else { return false }
            position += 1
        }
        guard position > 0 else { return false }
    }
    guard position < text.count else { return true }
    guard text[position] == UInt8(ascii: ":") else { return false }
    let port = text.slice(position + 1..<text.count)
    if port.isEmpty { return true }
    guard let number = port.decimalValue else { return false }
    return number <= 65_535
}

private func isRegisteredNameCharacter(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"),
        UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
        UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
        UInt8(ascii: "="):
        true
    default: false
    }
}
