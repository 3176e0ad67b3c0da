import HTTPWire

/// What a service adds to every request. All of it runs on the connection's loop and must not block.
package struct Hooks: Sendable {
    /// What the observer is told about each request that was answered.
    package struct Observation: Sendable {
        package let method: HTTPMethod
        /// The route's pattern, or an empty string if no route matched or the head was malformed.
        package let pattern: String
        package let status: HTTPStatus
        /// From the end of the head to the handing over of the reply, or of the last of a streamed one, to the socket.
        package let duration: Duration
        /// Octets of the reply's body.
        package let bodyCount: Int
        package let traceID: TraceID
        package let peer: String
    }

    /// Called in turn before the handler, with the body there; the first response that one returns is sent instead.
    package var before: [@Sendable (Request) throws -> Response?] = []
    /// May change a response before it is sent. The request is nil if its head was malformed.
    package var after: (@Sendable (Request?, inout Response) -> Void)?
    /// Makes the response for what a handler or hook threw, and for the server's own refusals, which are `HTTPError`.
    /// The request is nil if its head was malformed. It is told also what the producer of a streamed body threw; what it
    /// returns then is not sent.
    package var errorResponder: @Sendable (any Error, Request?, TraceID) -> Response = Hooks.plainText
    package var observer: (@Sendable (Observation) -> Void)?

    package init() {}

    private static func plainText(_ error: any Error, _: Request?, _: TraceID) -> Response {
        guard let error = error as? HTTPError else {
            return .text("internal error\n", status: .internalServerError)
        }
        return .text(error.message + "\n", status: error.status)
    }
}
