import Foundation

/// The other side of an HTTP client under test: it keeps connections, notes what it gets, and answers as the test says,
/// also wrongly.
package final class HTTPReceiver: Sendable {
    package struct Received: Sendable {
        /// Counts the connections from 1.
        package let connection: Int
        /// Counts all requests from 1.
        package let number: Int
        package let method: String
        package let target: String
        /// Names in lower case.
        package let fields: [String: String]
        package let body: [UInt8]
        package let time: Date

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package enum Answer: Sendable {
        case reply(Int, fields: [String: String] = [:], body: String = "")
        /// These octets, then the end of the connection, or else the next request.
        case octets([UInt8], staysOpen: Bool = false)
        /// The end of the connection, without a word.
        case end
        /// Nothing, until the client ends the connection.
        case silence
        /// As the other one, after so many seconds.
        indirect case after(Double, Answer)
    }

    private struct Log {
        var connections = 0
        var open = 0
        var received: [Received] = []
        var sockets: [TestSocket] = []
    }

    private let log = Guarded(Log())
    private let listener: TestListener

    package var port: UInt16 { listener.port }
    package var received: [Received] { log.read { $0.received } }
    package var connections: Int { log.read { $0.connections } }
    package var openConnections: Int { log.read { $0.open } }

    package init(answer: @escaping @Sendable (Received) -> Answer = { _ in .reply(204) }) throws {
        let log = self.log
        listener = try TestListener(timeout: 30) { socket in
            let connection = log.update { log -> Int in
                log.connections += 1
                log.open += 1
                log.sockets.append(socket)
                return log.connections
            }
            defer {
                log.update { log in
                    log.open -= 1
                    log.sockets.removeAll { $0 === socket }
                }
            }
            var waiting: [UInt8] = []
            while let request = try Self.read(socket, &waiting) {
                let received = log.update { log -> Received in
                    let received = request(connection, log.received.count + 1)
                    log.received.append(received)
                    return received
                }
                guard try Self.send(answer(received), to: socket) else { return }
            }
        }
    }

    deinit { close() }

    /// Refuses connections from now on.
    package func close() { listener.close() }

    /// Ends the connections that there are.
    package func endConnections() { for socket in log.read({ $0.sockets }) { socket.cut() } }

    /// Blocks until that many requests have come.
    package func wait(for count: Int, seconds: Double = 20) throws -> [Received] {
        let received = log.wait(until: Date(timeIntervalSinceNow: seconds)) { log in
            log.received.count >= count ? log.received : nil
        }
        guard let received else { throw SupportError("\(self.received.count) requests came, not \(count)") }
        return received
    }

    private static func send(_ answer: Answer, to socket: TestSocket) throws -> Bool {
        switch answer {
        case .reply(let status, let fields, let body):
            var text = "HTTP/1.1 \(status) As told\r\n"
            for (name, value) in fields { text += "\(name): \(value)\r\n" }
            if status != 204 { text += "Content-Length: \(body.utf8.count)\r\n" }
            try socket.write(text + "\r\n" + body)
            return fields["Connection"] != "close"
        case .octets(let octets, let staysOpen):
            try socket.write(octets)
            return staysOpen
        case .end: return false
        case .silence:
            _ = try socket.readToEnd()
            return false
        case .after(let seconds, let answer):
            Thread.sleep(forTimeInterval: seconds)
            return try send(answer, to: socket)
        }
    }

    /// - Returns: nil at the end of the connection.
    private static func read(
        _ socket: TestSocket, _ waiting: inout [UInt8]
    ) throws -> ((_ connection: Int, _ number: Int) -> Received)? {
        let end = Array("\r\n\r\n".utf8)
        var head: Range<Int>?
        while head == nil {
            head = waiting.indices.first { waiting[$0...].starts(with: end) }.map { $0..<$0 + 4 }
            if head != nil { break }
            let octets = try socket.read()
            if octets.isEmpty { return nil }
            waiting += octets
        }
        guard let head else { return nil }
        let lines = String(decoding: waiting[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let line = (lines.first ?? "").components(separatedBy: " ")
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            fields[line[..<colon].lowercased()] = value
        }
        let length = fields["content-length"].flatMap(Int.init) ?? 0
        while waiting.count < head.upperBound + length {
            let octets = try socket.read()
            if octets.isEmpty { return nil }
            waiting += octets
        }
        let body = Array(waiting[head.upperBound..<head.upperBound + length])
        waiting.removeSubrange(..<(head.upperBound + length))
        let (method, target, time) = (line.first ?? "", line.count > 1 ? line[1] : "", Date())
        return { [fields] connection, number in
            Received(
                connection: connection, number: number, method: method, target: target, fields: fields, body: body,
                time: time)
        }
    }
}
