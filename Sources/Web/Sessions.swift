import Delivery
import HTTP
import HTTPWire
import Service

/// The cookie of the store owner's pages.
package struct StoreSessionCookie: Sendable {
    package static let name: StaticString = "store_session"
    private let path: String
    private let isSecure: Bool

    package init(_ settings: CommonSettings) {
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
        var cookie = SetCookie("\(Self.name)", value, maxAge: maxAge)
        cookie.path = path
        cookie.isSecure = isSecure
        return cookie
    }
}

/// The cookie of the customer's page.
package enum UserSessionCookie {
    package static let name: StaticString = "user_session"
}

extension Request {
    /// The customer's access token, or else their session.
    package var customerCredential: CustomerCredential {
        if let token = accessToken { return .token(token) }
        guard let session = cookie(UserSessionCookie.name), !session.isEmpty else { return .missing }
        return .session(session)
    }

    /// The store user's session token.
    package var storeSession: String? {
        cookie(StoreSessionCookie.name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
