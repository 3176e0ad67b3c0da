import Bytes
import EventLoop
import HTTPWire
import Synchronized

/// A small client for calls to other services: one connection per request, with a deadline and limits.
package struct HTTPClient: Sendable {
    package struct Request: Sendable {
        package var method: HTTPMethod
        package var url: HTTPURL
        package var fields: HeaderFields
        /// Sent with its length; nil sends no body.
        package var body: [UInt8]?

        package init(_ method: HTTPMethod, _ url: HTTPURL, fields: HeaderFields = HeaderFields(), body: [UInt8]? = nil)
        {
            self.method = method
            self.url = url
            self.fields = fields
            self.body = body
        }
    }

    package struct Response: Sendable {
        package let status: HTTPStatus
        package let fields: HeaderFields
        package let body: [UInt8]
    }

    package let loop: EventLoop
    package var limits = ResponseParser.Limits()

    package init(on loop: EventLoop) { self.loop = loop }

    /// Sends a request and returns the whole response, whatever its status. Redirects are not followed.
    /// - Parameter deadline: for all of it, from the resolution of the name to the last octet.
    /// - Throws: `ResolutionError`, `ConnectError`, `SystemError`, `CancellationError`, and `HTTPError`: 504 after the
    ///   deadline, 502 for a malformed, oversized or incomplete response, 500 for a request that cannot be written.
    package func send(_ request: Request, within deadline: Duration) async throws -> Response {
        let octets = try encode(request)
        let limits = limits
        return try await loop.withTimeout(
            deadline, throwing: HTTPError(.gatewayTimeout, "no complete response within \(deadline)")
        ) { [loop] in
            let descriptor = try await loop.connect(host: request.url.host, port: request.url.port, timeout: deadline)
            return try await ClientExchange(loop, request.method, limits).perform(descriptor, octets)
        }
    }

    private func encode(_ request: Request) throws(HTTPError) -> SharedBytes {
        var buffer = ByteBuffer()
        try buffer.appendRequestLine(request.method, target: request.url.target)
        try buffer.appendFields(["Host": request.url.authority, "Connection": "close"])
        try buffer.appendFields(request.fields)
        if let body = request.body { buffer.appendContentLength(body.count) }
        buffer.append("\r\n")
        if let body = request.body { buffer.append(body) }
        return SharedBytes(buffer.array)
    }
}

/// One request and its response, on the loop.
private actor ClientExchange: StreamHandler {
    private let loop: EventLoop
    private var parser: ResponseParser
    private var stream: Stream?
    private let once = Once<HTTPClient.Response>()

    init(_ loop: EventLoop, _ method: HTTPMethod, _ limits: ResponseParser.Limits) {
        self.loop = loop
        parser = ResponseParser(to: method, limits: limits)
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func perform(_ descriptor: consuming OwnedDescriptor, _ octets: SharedBytes) async throws -> HTTPClient.Response {
        let stream = try Stream(descriptor, on: loop, handler: self)
        self.stream = stream
        stream.write(shared: octets)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { once.wait($0) }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.finish(.failure(CancellationError())) } }
        }
    }

    private func finish(_ result: Result<HTTPClient.Response, any Error>) {
        once.finish(result)
        stream?.close()
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        do {
            _ = try parser.parse(bytes)
            if parser.isComplete { finish(.success(response())) }
        } catch {
            finish(.failure(error))
        }
    }

    private func response() -> HTTPClient.Response {
        var fields = HeaderFields()
        for index in 0..<parser.fields.count {
            let field = parser.fields.field(at: index)
            fields.append(field.name.text, field.value.text)
        }
        return HTTPClient.Response(status: parser.status, fields: fields, body: parser.body.array)
    }

    private func peerDidEnd() {
        do {
            try parser.end()
            finish(.success(response()))
        } catch {
            finish(.failure(error))
        }
    }

    nonisolated func streamDidReceive(_ received: ReceivedBytes) {
        assumeIsolated { $0.take(received.bytes) }
    }

    nonisolated func streamDidDrain() {}

    nonisolated func streamDidEnd() {
        assumeIsolated { $0.peerDidEnd() }
    }

    nonisolated func streamDidClose(_ error: SystemError?) {
        assumeIsolated { exchange in
            exchange.stream = nil
            // Too late to matter if the response is complete.
            let reason: any Error = error ?? SystemError("recv", code: 104)
            exchange.once.finish(.failure(reason))
        }
    }
}
