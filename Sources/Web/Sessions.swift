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

extension Request {
    /// The store user's session token.
    package var storeSession: String? {
        cookie(StoreSessionCookie.name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
