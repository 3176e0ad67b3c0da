import Delivery
import HTTP
import HTTPWire
import Pages
import SQLite
import Service
import Web

/// What riders do: their page, and the paths behind it.
struct RiderRoutes: Sendable {
    let database: Database
    let accounts: Accounts
    let news: OrderNews
    let cookie: SessionCookie
    let basePath: String

    func add(to router: inout Router) throws {
        guard let page = Pages.named("rider-main.html") else {
            throw Program.StartError("the pages are missing from the program")
        }
        // What one rider got is nobody else's.
        let file = StaticFile(constant: page.octets, name: page.name, cacheControl: "private, no-cache")
        router.on(.get, "/rider", bodyLimit: 0) { request in try await show(file, to: request) }
        router.on(.get, "/api/rider/delivery", bodyLimit: 0) { request in
            let session = request.storeSession
            let snapshot = try await database.read { db in
                try Riders.board(of: try Accounts.storeRider(session: session, in: db), in: db)
            }
            return try Envelope.reply(snapshot.board, lastEventID: snapshot.lastEventID)
        }
        for (path, action) in Riders.actions {
            router.on(.post, "/api/rider/delivery/{id}/\(path)", bodyLimit: 1024) { request in
                try await act(action, request)
            }
        }
    }

    private func act(_ action: OrderAction, _ request: Request) async throws -> Response {
        let session = request.storeSession
        let id = Result { try request.id(orThrow: .orderNotFound) }
        let news = self.news
        return try Envelope.reply(
            try await database.write { db in
                let rider = try Accounts.storeRider(session: session, in: db)
                return try Riders.act(action, order: try id.get(), by: rider, telling: news, in: db)
            })
    }

    /// The page for riders. Who is not logged in is sent to the login, the others to their own page.
    private func show(_ page: StaticFile, to request: Request) async throws -> Response {
        guard let session = request.storeSession else { return .redirect(to: "\(basePath)/login") }
        do {
            _ = try await database.read { db in try Accounts.storeRider(session: session, in: db) }
        } catch let error as DeliveryError where error.status == 401 {
            return .redirect(to: "\(basePath)/login")
        } catch let error as DeliveryError where error.status == 403 {
            return .redirect(to: "\(basePath)/main")
        }
        let response = page.response(to: request)
        // A page that cannot renew its session now is still a page.
        let isRenewed = (try? await accounts.renew(session: session)) ?? false
        return isRenewed ? try cookie.set(session, on: response) : response
    }
}
