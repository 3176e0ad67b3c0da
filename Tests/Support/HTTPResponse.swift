/// A response as a test sees it.
package struct HTTPResponse: Sendable {
    package var version = "HTTP/1.1"
    package var status = 0
    package var reason = ""
    /// In the order of the wire, names as they were sent.
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8] = []

    package var text: String { String(decoding: body, as: UTF8.self) }
    /// The body as JSON, `.null` when it is none.
    package var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? { headers(named: name).first }

    package func headers(named name: String) -> [String] {
        let wanted = name.lowercased()
        return headers.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// The value that a `Set-Cookie` header of this response gives to a cookie.
    package func cookie(_ name: String) -> String? {
        for line in headers(named: "set-cookie") where line.hasPrefix(name + "=") {
            return String(line.dropFirst(name.count + 1).prefix { $0 != ";" })
        }
        return nil
    }
}

/// The connection ended, or was reset, before any octet of a response.
package struct NoResponse: Error, CustomStringConvertible {
    package var description: String { "the connection ended before a response" }
}

/// Reads responses off a socket, keeping what follows the one that was read.
package struct HTTPResponseReader: ~Copyable {
    private let socket: TestSocket
    private var buffer: [UInt8] = []
    private var hasBegun = false

    package init(_ socket: TestSocket) {
        self.socket = socket
    }

    /// The whole response to a request of this method. Interim (1xx) responses are passed over, except 101.
    package mutating func response(to method: String = "GET") throws -> HTTPResponse {
        var response = try head()
        while (100..<200).contains(response.status) && response.status != 101 { response = try head() }
        let hasNoBody = method == "HEAD" || response.status == 204 || response.status == 304 || response.status == 101
        if hasNoBody { return response }
        if response.header("transfer-encoding")?.lowercased() == "chunked" {
            var decoder = ChunkedDecoder()
            while !decoder.isComplete {
                if buffer.isEmpty { try fill() }
                response.body += try decoder.decode(&buffer)
            }
        } else if let length = response.header("content-length") {
            guard let length = Int(length), length >= 0 else { throw SupportError("Content-Length: \(length)") }
            while buffer.count < length { try fill() }
            response.body = Array(buffer[..<length])
            buffer.removeFirst(length)
        } else {
            response.body = buffer + (try socket.readToEnd())
            buffer = []
        }
        return response
    }

    /// The status line and the header fields only; the body is left to ``bytes()``.
    package mutating func head() throws -> HTTPResponse {
        var lines: [String] = []
        while true {
            let line = try line()
            if line.isEmpty { break }
            lines.append(line)
        }
        guard let first = lines.first else { throw SupportError("an empty response head") }
        let parts = first.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            throw SupportError("not a status line: \(first)")
        }
        var response = HTTPResponse()
        response.version = String(parts[0])
        response.status = status
        response.reason = parts.count > 2 ? String(parts[2]) : ""
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw SupportError("not a header field: \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            response.headers.append((String(line[..<colon]), String(value)))
        }
        return response
    }

    /// What arrives next; empty at the end of the stream.
    package mutating func bytes() throws -> [UInt8] {
        if buffer.isEmpty { return try socket.read() }
        defer { buffer = [] }
        return buffer
    }

    private mutating func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                guard end > 0, buffer[end - 1] == 13 else { throw SupportError("a line of the head ends without CR") }
                defer { buffer.removeFirst(end + 1) }
                return String(decoding: buffer[..<(end - 1)], as: UTF8.self)
            }
            try fill()
        }
    }

    private mutating func fill() throws {
        let bytes: [UInt8]
        do {
            bytes = try socket.read()
        } catch let error as SupportError {
            if !hasBegun, error.description.hasSuffix("reset by peer") { throw NoResponse() }
            throw error
        }
        guard !bytes.isEmpty else {
            if !hasBegun { throw NoResponse() }
            throw SupportError("the connection ended within a response: \(String(decoding: buffer, as: UTF8.self))")
        }
        buffer += bytes
        hasBegun = true
    }
}

/// Takes the chunked transfer coding (RFC 9112, section 7.1) off a stream, piece by piece.
package struct ChunkedDecoder {
    private enum Part { case size, data(Int), dataEnd, trailer, complete }
    private var part = Part.size

    package init() {}

    package var isComplete: Bool { if case .complete = part { true } else { false } }

    /// Hands back the data that `buffer` holds and removes what was understood. What it leaves is not yet complete, or
    /// follows the last chunk.
    package mutating func decode(_ buffer: inout [UInt8]) throws -> [UInt8] {
        var data: [UInt8] = []
        var position = 0
        defer {
            leftOver += buffer[position...]
            buffer = isComplete ? leftOver : []
            if isComplete { leftOver = [] }
        }
        if !leftOver.isEmpty {
            buffer = leftOver + buffer
            leftOver = []
        }
        func line() -> String? {
            guard let end = buffer[position...].firstIndex(of: 10), end > position, buffer[end - 1] == 13 else {
                return nil
            }
            defer { position = end + 1 }
            return String(decoding: buffer[position..<(end - 1)], as: UTF8.self)
        }
        while true {
            switch part {
            case .size:
                guard let text = line() else { return data }
                guard let size = Int(text.prefix { $0 != ";" }, radix: 16) else {
                    throw SupportError("not a chunk size: \(text)")
                }
                part = size == 0 ? .trailer : .data(size)
            case .data(let left):
                let count = min(left, buffer.count - position)
                data += buffer[position..<(position + count)]
                position += count
                if count < left {
                    part = .data(left - count)
                    return data
                }
                part = .dataEnd
            case .dataEnd:
                guard let text = line() else { return data }
                guard text.isEmpty else { throw SupportError("a chunk is longer than its size") }
                part = .size
            case .trailer:
                guard let text = line() else { return data }
                if text.isEmpty { part = .complete }
            case .complete:
                return data
            }
        }
    }

    private var leftOver: [UInt8] = []
}
