import Delivery
import HTTP
import HTTPWire
import Service

/// The cookie that holds the session of a service's pages. Cookies ignore ports, so each service has a name of its own.
package struct SessionCookie: Sendable {
    package static let storeName: StaticString = "store_session"
    package static let customerName: StaticString = "user_session"
    private let name: StaticString
    private let path: String
    private let isSecure: Bool

    package static func store(_ settings: CommonSettings) -> SessionCookie { SessionCookie(storeName, settings) }
    package static func customer(_ settings: CommonSettings) -> SessionCookie { SessionCookie(customerName, settings) }

    private init(_ name: StaticString, _ settings: CommonSettings) {
        self.name = name
        path = settings.basePath.isEmpty ? "/" : settings.basePath
        isSecure = settings.publicOrigin?.hasPrefix("https://") ?? false
    }

    package func set(_ token: String, on response: Response) throws -> Response {
        try response.with(cookie(token, maxAge: Int(Accounts.sessionLifetime.components.seconds)))
    }

    package func clear(on response: Response) throws -> Response {
        try response.with(cookie("", maxAge: 0))
    }

    private func cookie(_ value: String, maxAge: Int) -> SetCookie {
        var cookie = SetCookie("\(name)", value, maxAge: maxAge)
        cookie.path = path
        cookie.isSecure = isSecure
        return cookie
    }
}

extension Request {
    /// The customer's access token, or else their session.
    package var customerCredential: CustomerCredential {
        if let token = accessToken { return .token(token) }
        return customerSession.map { .session($0) } ?? .missing
    }

    /// The session token of the customer's page.
    package var customerSession: String? { session(SessionCookie.customerName) }

    /// The store user's session token.
    package var storeSession: String? { session(SessionCookie.storeName) }

    private func session(_ name: StaticString) -> String? { cookie(name).flatMap { $0.isEmpty ? nil : $0 } }
}
