import Bytes
import EventLoop
import HTTPWire
import TLS

/// A client for calls to other services, with a deadline, limits, TLS, and connections that are used again.
///
/// Copies share their connections.
package struct HTTPClient: Sendable {
    package struct Request: Sendable {
        package var method: HTTPMethod
        package var url: HTTPURL
        package var fields: HeaderFields
        /// Sent with its length; nil sends no body.
        package var body: [UInt8]?
        /// Whether the peer may get the request twice without harm: so it is with the idempotent methods (RFC 9110 section
        /// 9.2.2), and with another one if the request has a key by which the peer knows it again. A request that was sent on
        /// a used connection is then sent once more if that connection ended before a word of the response.
        package var isRepeatable: Bool

        package init(
            _ method: HTTPMethod, _ url: HTTPURL, fields: HeaderFields = HeaderFields(), body: [UInt8]? = nil,
            isRepeatable: Bool? = nil
        ) {
            self.method = method
            self.url = url
            self.fields = fields
            self.body = body
            self.isRepeatable = isRepeatable ?? [.get, .head, .put, .delete, .options].contains(method)
        }
    }

    package struct Response: Sendable {
        package let status: HTTPStatus
        package let fields: HeaderFields
        package let body: [UInt8]
    }

    /// How many connections there are, and how long.
    package struct Connections: Sendable {
        /// To one scheme, host and port at a time; calls beyond wait for one of them.
        package var perOrigin = 16
        /// Calls that may wait so; further ones are refused.
        package var waiting = 1024
        /// Kept for later calls, of all origins together; 0 says `Connection: close`.
        package var idle = 16
        /// How long one is kept. Shorter than servers keep theirs (five seconds is the shortest common time): a request that
        /// crosses the server's end is lost.
        package var idleTime = Duration.seconds(4)

        package init() {}
    }

    package let loop: EventLoop
    package var limits = ResponseParser.Limits()
    private let connections: Connections
    private let pool: ClientPool

    /// - Parameters:
    ///   - tls: whom `https` trusts; the system's authorities if nothing else is said.
    ///   - allowed: which addresses may be connected to; see `AddressPolicy`.
    package init(
        on loop: EventLoop, tls: TLSConfiguration = TLSConfiguration(), connections: Connections = Connections(),
        allowed: @escaping @Sendable (IPAddress) -> Bool = AddressPolicy.any
    ) {
        self.loop = loop
        self.connections = connections
        pool = ClientPool(loop, TLSContextSource(tls), connections, allowed)
    }

    /// Sends a request and returns the whole response, whatever its status. Redirects are not followed.
    ///
    /// After `ResolutionError`, `AddressRefused`, `ConnectError`, and an `HTTPError` of 500 or 503, the peer has got nothing
    /// of the request. After any other error it may have got and done it.
    /// - Parameter deadline: for all of it, from the resolution of the name to the last octet.
    /// - Throws: `ResolutionError`, `AddressRefused`, `ConnectError`, `TLSError`, `SystemError`, `CancellationError`, and
    ///   `HTTPError`: 504 after the deadline, 502 for a malformed, oversized or incomplete response, 503 when too many calls
    ///   wait for a connection, 500 for a request that cannot be written.
    package func send(_ request: Request, within deadline: Duration) async throws -> Response {
        let call = ClientPool.Call(
            request, limits, octets: try encode(request), deadline: ContinuousClock.now + deadline)
        return try await loop.withTimeout(
            deadline, throwing: HTTPError(.gatewayTimeout, "no complete response within \(deadline)")
        ) { [pool] in try await pool.send(call) }
    }

    /// Closes the connections that nobody uses.
    package func closeIdle() async { await pool.closeIdle() }

    private func encode(_ request: Request) throws(HTTPError) -> SharedBytes {
        var buffer = ByteBuffer()
        try buffer.appendRequestLine(request.method, target: request.url.target)
        try buffer.appendFields(["Host": request.url.authority])
        if connections.idle == 0 { buffer.append("Connection: close\r\n") }
        try buffer.appendFields(request.fields)
        if let body = request.body { buffer.appendContentLength(body.count) }
        buffer.append("\r\n")
        if let body = request.body { buffer.append(body) }
        return SharedBytes(buffer.array)
    }
}
