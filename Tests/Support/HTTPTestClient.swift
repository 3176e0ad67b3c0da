import Foundation

/// An HTTP/1.1 client on plain sockets that shares no code with the server under test. Connections are kept alive and
/// used again; a request is never sent twice.
package final class HTTPTestClient: Sendable {
    package let port: UInt16
    /// Sent with every request, for example a token.
    package let headers: [String: String]
    private let timeout: Double
    private let idle = Guarded<[TestSocket]>([])

    /// - Parameter timeout: seconds that connecting, one read or one write may take.
    package init(port: UInt16, headers: [String: String] = [:], timeout: Double = 10) {
        self.port = port
        self.headers = headers
        self.timeout = timeout
    }

    /// The same server with more headers.
    package func with(headers more: [String: String]) -> HTTPTestClient {
        HTTPTestClient(port: port, headers: headers.merging(more) { $1 }, timeout: timeout)
    }

    package func with(token: String) -> HTTPTestClient { with(headers: ["authorization-token": token]) }
    package func with(cookie: String) -> HTTPTestClient { with(headers: ["Cookie": cookie]) }

    package func get(_ path: String, headers: [String: String] = [:]) async throws -> HTTPResponse {
        try await send("GET", path, headers: headers)
    }

    package func post(_ path: String, json: JSONValue, headers: [String: String] = [:]) async throws -> HTTPResponse {
        var headers = headers
        headers["Content-Type"] = headers["Content-Type"] ?? "application/json"
        return try await send("POST", path, headers: headers, body: json.bytes)
    }

    /// As an HTML form does it.
    package func post(_ path: String, form: [String: String]) async throws -> HTTPResponse {
        let allowed = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        let fields = form.map { name, value in
            [name, value].map { $0.addingPercentEncoding(withAllowedCharacters: allowed) ?? "" }.joined(separator: "=")
        }
        return try await send(
            "POST", path, headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: Array(fields.joined(separator: "&").utf8))
    }

    package func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
    ) async throws -> HTTPResponse {
        try await onOwnThread { [self] in try exchange(method, path, headers: headers, body: body) }
    }

    /// Sends octets as they are on a connection of their own and hands back everything up to its end.
    package func raw(_ bytes: [UInt8], finishWriting: Bool = false) async throws -> [UInt8] {
        try await onOwnThread { [port, timeout] in
            let socket = try TestSocket(port: port, timeout: timeout)
            try socket.write(bytes)
            if finishWriting { socket.finishWriting() }
            return try socket.readToEnd()
        }
    }

    /// Whether the server has ended (or sent something on) every connection that is kept alive.
    package var idleIsStale: Bool { idle.read { $0.allSatisfy { !$0.isQuiet } } }

    /// Drops the connections that are kept alive.
    package func closeIdle() { idle.update { $0.removeAll() } }

    /// Blocks the calling thread; ``send(_:_:headers:body:)`` is the same without that.
    package func exchange(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
    ) throws -> HTTPResponse {
        let socket = try connection()
        try socket.write(Self.request(method, path, port: port, self.headers.merging(headers) { $1 }, body))
        var reader = HTTPResponseReader(socket)
        let response = try reader.response(to: method)
        let keepsOpen = response.version == "HTTP/1.1" && response.header("connection")?.lowercased() != "close"
        if keepsOpen && response.status != 101 { idle.update { $0.append(socket) } }
        return response
    }

    private func connection() throws -> TestSocket {
        while let socket = idle.update({ $0.popLast() }) {
            if socket.isQuiet { return socket }
        }
        return try TestSocket(port: port, timeout: timeout)
    }

    static func request(
        _ method: String, _ path: String, port: UInt16, _ headers: [String: String], _ body: [UInt8]?
    ) -> [UInt8] {
        var lines = ["\(method) \(path) HTTP/1.1"]
        let names = Set(headers.keys.map { $0.lowercased() })
        if !names.contains("host") { lines.append("Host: 127.0.0.1:\(port)") }
        lines += headers.map { "\($0.key): \($0.value)" }
        let hasLength = names.contains("content-length") || names.contains("transfer-encoding")
        if !hasLength, body != nil || method == "POST" || method == "PUT" {
            lines.append("Content-Length: \(body?.count ?? 0)")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
    }
}
