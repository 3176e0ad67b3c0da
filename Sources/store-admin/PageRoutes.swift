import Delivery
import HTTP
import HTTPWire
import Pages
import SQLite
import Service
import Web

/// The store owner's pages, their files, and the login.
struct PageRoutes: Sendable {
    let database: Database
    let accounts: Accounts
    let streams: EventStreams
    let cookie: SessionCookie
    let proxies: TrustedProxies
    let basePath: String

    func add(to router: inout Router) throws {
        guard let login = Pages.named("store-login.html"), let main = Pages.named("store-main.html"),
            let ticket = Pages.named("ticket.html"), let docs = Pages.named("docs.html")
        else { throw Program.StartError("the pages are missing from the program") }
        for page in Pages.ofStoreAdmin where !page.name.hasSuffix(".html") {
            router.file("/assets/\(page.name)", StaticFile(constant: page.octets, name: page.name))
        }
        DocumentRoutes.add(
            to: &router, { Description.document }, page: StaticFile(constant: docs.octets, name: docs.name))
        router.file("/login", StaticFile(constant: login.octets, name: login.name))
        // What one owner got is nobody else's.
        let mainFile = StaticFile(constant: main.octets, name: main.name, cacheControl: "private, no-cache")
        for path in ["/", "/main"] {
            router.on(.get, path, bodyLimit: 0) { request in
                // Relative addresses of the page would lead elsewhere.
                if path == "/", !request.path.hasSuffix("/") { return .redirect(to: "\(basePath)/main") }
                return try await show(mainFile, to: request)
            }
        }
        let ticketFile = StaticFile(constant: ticket.octets, name: ticket.name, cacheControl: "private, no-cache")
        router.on(.get, "/ticket/{id}", bodyLimit: 0) { request in try await show(ticketFile, to: request) }
        router.on(.post, "/login", bodyLimit: 16 * 1024) { request in try await logIn(request, page: login) }
        router.on(.post, "/logout", bodyLimit: 16 * 1024) { request in try await logOut(request) }
    }

    /// The page for those who are logged in; the others are sent to the login.
    private func show(_ page: StaticFile, to request: Request) async throws -> Response {
        guard let session = request.storeSession else { return .redirect(to: "\(basePath)/login") }
        do {
            let account = try await database.read { db in try Accounts.storeAccount(session: session, in: db) }
            if account.isOperator { return .redirect(to: "\(basePath)/dead-letters") }
            if account.isRider { return .redirect(to: "\(basePath)/rider") }
            guard account.member != nil else { throw DeliveryError.forbidden }
        } catch let error as DeliveryError where error.status == 401 {
            return .redirect(to: "\(basePath)/login")
        }
        let response = page.response(to: request)
        // A page that cannot renew its session now is still a page.
        let isRenewed = (try? await accounts.renew(session: session)) ?? false
        return isRenewed ? try cookie.set(session, on: response) : response
    }

    private func logIn(_ request: Request, page: Page) async throws -> Response {
        let (old, client) = (request.storeSession, request.client(behind: proxies))
        guard request.hasContentType("application/x-www-form-urlencoded") else {
            let token = try await accounts.loginStoreUser(request.json(), replacing: old, from: client, ended: ended)
            return try cookie.set(token, on: Envelope.done())
        }
        let form = try request.form()
        let login = Accounts.Login(email: form["email"] ?? "", password: form["password"] ?? "")
        do {
            let token = try await accounts.loginStoreUser(login, replacing: old, from: client, ended: ended)
            return try cookie.set(token, on: .redirect(to: "\(basePath)\(await home(of: token))"))
        } catch let error as DeliveryError where error.status == 401 {
            return Response(.unauthorized, contentType: "text/html; charset=utf-8", body: .bytes(Pages.refused(page)))
                .with("WWW-Authenticate", Envelope.challenge)
        }
    }

    /// The page of who has just logged in. Riders have one of their own; `/main` sends on whoever does not belong there.
    private func home(of session: String) async -> String {
        let account = try? await database.read { db in try Accounts.storeAccount(session: session, in: db) }
        return account?.isRider == true ? "/rider" : "/main"
    }

    /// The streams of a session end with it, here and on other instances.
    private var ended: @Sendable (FeedEvent) -> Void { { [streams] in streams.offer([$0]) } }

    private func logOut(_ request: Request) async throws -> Response {
        if let session = request.storeSession {
            try await accounts.logoutStoreUser(session: session, ended: ended)
        }
        let isForm = request.hasContentType("application/x-www-form-urlencoded")
        return try cookie.clear(on: isForm ? .redirect(to: "\(basePath)/login") : Envelope.done())
    }
}
