import Delivery
import HTTP
import HTTPWire
import OpenAPI
import Pages
import Service
import Web

/// The customer's page, its files, and the login.
struct PageRoutes: Sendable {
    let accounts: Accounts
    let cookie: SessionCookie
    let proxies: TrustedProxies
    let basePath: String
    let document: @Sendable () -> Document
    /// Told, on the writer's thread, of the event that the streams of a session end by.
    let ended: @Sendable (FeedEvent) -> Void

    func add(to router: inout Router) throws {
        guard let page = Pages.named("customer.html"), let docs = Pages.named("docs.html") else {
            throw Program.StartError("the pages are missing from the program")
        }
        DocumentRoutes.add(to: &router, document, page: StaticFile(constant: docs.octets, name: docs.name))
        for page in Pages.ofAPI where !page.name.hasSuffix(".html") {
            router.file("/assets/\(page.name)", StaticFile(constant: page.octets, name: page.name))
        }
        // It may come with a cookie, which is nobody else's.
        let file = StaticFile(constant: page.octets, name: page.name, cacheControl: "private, no-cache")
        router.on(.get, "/", bodyLimit: 0) { request in try await show(file, to: request) }
        router.on(.post, "/login", bodyLimit: 16 * 1024) { request in try await logIn(request, page: page) }
        router.on(.post, "/logout", bodyLimit: 16 * 1024) { request in try await logOut(request) }
        router.on(.post, "/open-api/user/logout", bodyLimit: 16 * 1024) { request in try await endTokens(request) }
    }

    /// The page is for everybody; what it shows is not, and it asks for the login itself.
    private func show(_ page: StaticFile, to request: Request) async throws -> Response {
        // The page names its files relative to itself, below the base path.
        guard request.path.hasSuffix("/") else { return .redirect(to: "\(basePath)/") }
        let response = page.response(to: request)
        guard let session = request.customerSession else { return response }
        // A page that cannot renew its session now is still a page.
        let isRenewed = (try? await accounts.renew(customerSession: session)) ?? false
        return isRenewed ? try cookie.set(session, on: response) : response
    }

    private func logIn(_ request: Request, page: Page) async throws -> Response {
        let (old, client) = (request.customerSession, request.client(behind: proxies))
        guard request.hasContentType("application/x-www-form-urlencoded") else {
            let token = try await accounts.loginCustomer(request.json(), replacing: old, from: client, ended: ended)
            return try cookie.set(token, on: Envelope.done())
        }
        let form = try request.form()
        let login = Accounts.Login(email: form["email"] ?? "", password: form["password"] ?? "")
        do {
            let token = try await accounts.loginCustomer(login, replacing: old, from: client, ended: ended)
            return try cookie.set(token, on: .redirect(to: "\(basePath)/"))
        } catch let error as DeliveryError where error.status == 401 {
            return Response(.unauthorized, contentType: "text/html; charset=utf-8", body: .bytes(Array(page.octets)))
                .with("WWW-Authenticate", Envelope.challenge)
        }
    }

    private func logOut(_ request: Request) async throws -> Response {
        if let session = request.customerSession {
            try await accounts.logoutCustomer(session: session, ended: ended)
        }
        let isForm = request.hasContentType("application/x-www-form-urlencoded")
        return try cookie.clear(on: isForm ? .redirect(to: "\(basePath)/") : Envelope.done())
    }

    private struct Ended: Decodable {
        let token: String
        enum CodingKeys: String, CodingKey { case token = "refresh_token" }
    }

    /// For programs, which have tokens.
    private func endTokens(_ request: Request) async throws -> Response {
        try await accounts.logoutCustomer(
            refreshToken: request.json(Ended.self).token, accessToken: request.accessToken, ended: ended)
        return Envelope.done()
    }
}
