import Bytes
import Glibc
import HTTPWire

/// Seconds of a clock that only goes forward.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

struct LoadReply {
    let status: Int
    let body: [UInt8]
    let cookie: String?

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The digits behind the first `"name":`.
    func number(_ name: String) -> Int? { LoadReply.number(name, in: body[...]) }

    static func number(_ name: String, in body: ArraySlice<UInt8>) -> Int? {
        guard let start = find("\"\(name)\":", in: body) else { return nil }
        var number: Int?
        for octet in body[start...] {
            guard octet >= 0x30, octet <= 0x39 else { break }
            number = (number ?? 0) &* 10 &+ Int(octet - 0x30)
        }
        return number
    }

    /// Where what follows on `text` begins.
    static func find(_ text: String, in body: ArraySlice<UInt8>) -> Int? {
        let wanted = Array(text.utf8)
        guard body.count >= wanted.count else { return nil }
        for start in body.startIndex...(body.endIndex - wanted.count)
        where body[start] == wanted[0] && body[start..<start + wanted.count].elementsEqual(wanted) {
            return start + wanted.count
        }
        return nil
    }
}

/// A blocking HTTP client that keeps its connection, and tells apart what may become of a request.
final class LoadConnection {
    enum Failure: Error, CustomStringConvertible {
        /// Nobody listens: nothing was sent.
        case refused
        /// The connection ended before any octet of an answer. The server says by that that it did not work on it.
        case closed
        /// An answer that had begun did not end, or none came in time.
        case broken(String)

        var description: String {
            switch self {
            case .refused: "nobody listens"
            case .closed: "closed before an answer"
            case .broken(let reason): reason
            }
        }
    }

    var port: Int
    private let timeout: Int
    private var descriptor: CInt = -1
    /// Octets that the kernel keeps for this end; nil for its default.
    var receiveBuffer: CInt?

    /// - Parameter timeout: seconds that one read or write may take.
    init(port: Int, timeout: Int = 15) {
        self.port = port
        self.timeout = timeout
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    static func request(_ method: String, _ path: String, _ fields: [String] = [], json: String? = nil) -> [UInt8] {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + fields
        if let json { lines += ["Content-Type: application/json", "Content-Length: \(json.utf8.count)"] }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + (json ?? "")).utf8)
    }

    func connect() throws(Failure) {
        if descriptor >= 0 {
            // What a server sends between requests is the end.
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, 0) == 0 { return }
            close()
        }
        do {
            descriptor = try Probe.connectedSocket(port, receiveBuffer: receiveBuffer)
        } catch {
            throw .refused
        }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Sends `request` and reads its answer.
    func exchange(_ request: [UInt8], to method: HTTPMethod = .get) throws(Failure) -> LoadReply {
        try connect()
        do throws(Failure) {
            try send(request)
            return try reply(to: method)
        } catch {
            close()
            throw error
        }
    }

    func send(_ octets: [UInt8]) throws(Failure) {
        var sent = 0
        while sent < octets.count {
            let count = octets[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count <= 0 {
                if errno == EAGAIN { throw .broken("the request was not taken within \(timeout) s") }
                // The answer may be there all the same.
                return
            }
            sent += count
        }
    }

    private func reply(to method: HTTPMethod) throws(Failure) -> LoadReply {
        var limits = ResponseParser.Limits()
        limits.body = 1 << 24
        var parser = ResponseParser(to: method, limits: limits)
        var waiting: [UInt8] = []
        var hasBegun = false
        while !parser.isComplete {
            let piece = try receive(hasBegun: hasBegun)
            hasBegun = true
            waiting += piece
            do {
                let used = try waiting.withUnsafeBytes { try parser.parse($0) }
                waiting.removeFirst(used)
            } catch {
                throw .broken("no HTTP: \(error)")
            }
        }
        let closes = parser.fields.first("connection")?.text.lowercased() == "close"
        let cookie = parser.fields.first("set-cookie")?.text
        let reply = LoadReply(status: Int(parser.status.code), body: parser.body.array, cookie: cookie)
        if closes { close() }
        return reply
    }

    /// Some octets. At the end of the connection it throws: `closed` unless an answer has begun.
    func receive(hasBegun: Bool) throws(Failure) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { return Array(buffer[..<count]) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { throw .broken("no answer within \(timeout) s") }
            throw hasBegun ? .broken("the answer ends in its midst") : .closed
        }
    }
}
