import EventLoop
import HTTPWire

/// What a handler answers.
package struct Response: Sendable {
    /// Writes a body piece by piece, in a task on the connection's loop, which is cancelled when the connection ends.
    package typealias BodyProducer = @Sendable (borrowing ResponseBodyWriter) async throws -> Void

    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        case text(StaticString)
        /// Sent without being copied.
        case shared(SharedBytes)
        /// Sent in chunks while it is made.
        case streamed(BodyProducer)
        /// The connection becomes an event stream; called on its loop once the head is on its way.
        case eventStream(@Sendable (EventStreamWriter) -> Void)

        package var count: Int {
            switch self {
            case .none, .streamed, .eventStream: 0
            case .bytes(let bytes): bytes.count
            case .text(let text): text.utf8CodeUnitCount
            case .shared(let shared): shared.count
            }
        }

        /// Its length is not known when it begins.
        var isStream: Bool {
            switch self {
            case .streamed, .eventStream: true
            default: false
            }
        }
    }

    package var status: HTTPStatus
    package var contentType: StaticString?
    /// Besides Date, X-Request-Id, Content-Type, Content-Length and Connection, which the server writes.
    package var fields = HeaderFields()
    package var body: Body
    /// The connection ends after this response.
    package var closesConnection = false

    package init(_ status: HTTPStatus = .ok, contentType: StaticString? = nil, body: Body = .none) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    package static func json(_ bytes: [UInt8], status: HTTPStatus = .ok) -> Response {
        Response(status, contentType: "application/json", body: .bytes(bytes))
    }

    package static func json(_ text: StaticString, status: HTTPStatus = .ok) -> Response {
        Response(status, contentType: "application/json", body: .text(text))
    }

    package static func text(_ text: String, status: HTTPStatus = .ok) -> Response {
        Response(status, contentType: "text/plain; charset=utf-8", body: .bytes(Array(text.utf8)))
    }

    package static func html(_ text: String, status: HTTPStatus = .ok) -> Response {
        Response(status, contentType: "text/html; charset=utf-8", body: .bytes(Array(text.utf8)))
    }

    package static func empty(_ status: HTTPStatus = .noContent) -> Response { Response(status) }

    package static func redirect(to location: String, status: HTTPStatus = .seeOther) -> Response {
        var response = Response(status)
        response.fields.append("Location", location)
        return response
    }

    /// A body of unknown length, which `produce` writes: in chunks for HTTP/1.1, up to the end of the connection for
    /// HTTP/1.0. If it throws, the error goes to `Hooks.errorResponder` to be reported, and the connection ends before
    /// the last chunk, so that the client notices (one of HTTP/1.0 cannot). It is not called for HEAD.
    package static func streamed(
        contentType: StaticString, status: HTTPStatus = .ok, _ produce: @escaping BodyProducer
    ) -> Response {
        Response(status, contentType: contentType, body: .streamed(produce))
    }

    /// Turns the connection into an event stream, which ends when the writer or the client closes it, after its life
    /// time, or at shutdown. A HEAD request gets the head only, and `start` is not called.
    package static func eventStream(_ start: @escaping @Sendable (EventStreamWriter) -> Void) -> Response {
        var response = Response(.ok, contentType: "text/event-stream; charset=utf-8", body: .eventStream(start))
        response.fields.append("Cache-Control", "no-store")
        response.fields.append("X-Accel-Buffering", "no")
        return response
    }

    /// The same with one more field.
    package func with(_ name: String, _ value: String) -> Response {
        var response = self
        response.fields.append(name, value)
        return response
    }

    /// The same with a cookie; throws if the cookie holds what it cannot hold.
    package func with(_ cookie: SetCookie) throws(HTTPError) -> Response {
        with("Set-Cookie", try cookie.fieldValue())
    }
}
