/// Why a message was refused. `status` is what a server answers; a client treats any of them as a broken peer.
///
/// The message is safe to show: it holds nothing that the peer sent.
package struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    package let status: HTTPStatus
    package let message: String

    package init(_ status: HTTPStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    static func badRequest(_ message: String) -> HTTPError { HTTPError(.badRequest, message) }

    package var description: String { "\(status.code) \(status.reason): \(message)" }
}
