import Delivery
import HTTP
import HTTPWire
import Messaging
import Pages
import SQLite
import Service
import Web

/// The dead letters, for operators alone: their page, and the paths behind it.
struct DeadLetterRoutes: Sendable {
    let database: Database
    let accounts: Accounts
    let queue: DeadLetterQueue
    let cookie: SessionCookie
    let basePath: String
    let log: Logger

    func add(to router: inout Router) throws {
        guard let page = Pages.named("dead-letters.html") else {
            throw Program.StartError("the pages are missing from the program")
        }
        let file = StaticFile(constant: page.octets, name: page.name, cacheControl: "private, no-cache")
        router.on(.get, "/dead-letters", bodyLimit: 0) { request in try await show(file, to: request) }
        router.on(.get, "/api/dead-letter", bodyLimit: 0) { request in
            _ = try await requireOperator(request)
            let listing = try await queue.list()
            return try Envelope.reply(listing.letters, total: listing.total)
        }
        router.on(.post, "/api/dead-letter/{id}/replay", bodyLimit: 1024) { request in
            let user = try await requireOperator(request)
            let letter = try await queue.replay(try id(of: request))
            return try done("an operator replayed a dead letter", letter, user, request)
        }
        router.on(.delete, "/api/dead-letter/{id}", bodyLimit: 1024) { request in
            let user = try await requireOperator(request)
            let letter = try await queue.discard(try id(of: request))
            return try done("an operator discarded a dead letter", letter, user, request)
        }
    }

    private func requireOperator(_ request: Request) async throws -> StoreUser {
        let session = request.storeSession
        return try await database.read { db in try Accounts.storeOperator(session: session, in: db) }
    }

    /// 64 hexadecimal digits. Nothing else can be found, so that the broker need not be asked.
    private func id(of request: Request) throws(DeliveryError) -> String {
        guard let id = request.parameter("id"), id.utf8.count == 64,
            id.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else { throw .deadLetterNotFound }
        return id
    }

    /// What an operator does is logged, with who did it: afterwards the message itself is gone.
    private func done(
        _ message: String, _ letter: DeadLetter, _ user: StoreUser, _ request: Request
    ) throws -> Response {
        log.info(
            message,
            [
                "operator_id": .number(user.id), "dead_letter": LogValue(letter.id),
                "message_id": LogValue(letter.messageID ?? ""),
                "order_id": letter.orderID.map { .number($0) } ?? LogValue(""),
                "reason": LogValue(letter.error ?? ""), "trace_id": LogValue(request.traceID),
            ])
        return try Envelope.reply(letter)
    }

    /// The page for operators. Who is not logged in is sent to the login, and who works for a store to their own page.
    private func show(_ page: StaticFile, to request: Request) async throws -> Response {
        guard let session = request.storeSession else { return .redirect(to: "\(basePath)/login") }
        do {
            _ = try await requireOperator(request)
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
