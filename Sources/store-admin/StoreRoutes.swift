import Delivery
import HTTP
import HTTPWire
import SQLite
import Service
import Web

/// How a store runs: its settings, what is sold out, and its day in figures.
struct StoreRoutes: Sendable {
    let database: Database
    let streams: EventStreams
    let news: OrderNews
    let log: Logger

    /// Waiting orders that are looked at in one transaction when a store begins to accept by itself.
    private static let waitingPage = 100

    func add(to router: inout Router) {
        addSettings(to: &router)
        addMenus(to: &router)
        router.on(.get, "/api/store/summary") { request in
            let day = Result { try self.day(of: request) }
            return try await read(request) { member, db in
                try Envelope.reply(try Stores.summary(store: member.storeID, of: try day.get(), in: db))
            }
        }
    }

    // MARK: - Settings

    private func addSettings(to router: inout Router) {
        router.on(.get, "/api/store/settings") { request in
            try await read(request) { member, db in
                try Envelope.reply(try Stores.settings(store: member.storeID, in: db))
            }
        }
        router.on(.put, "/api/store/settings", bodyLimit: 64 * 1024) { [database, streams, log] request in
            let session = request.storeSession
            let change = Result { try request.json(StoreSettingsChange.self) }
            let trace = request.traceID
            let (store, settings) = try await database.write { db in
                let member = try Accounts.storeMember(session: session, in: db)
                let (settings, event) = try Stores.change(try change.get(), by: member, in: db)
                if let event {
                    db.afterCommit {
                        streams.offer([event])
                        log.info(
                            "a store's settings were changed",
                            [
                                "store_id": .number(member.storeID), "store_user_id": .number(member.user.id),
                                "trace_id": LogValue(trace),
                            ])
                    }
                }
                return (member.storeID, settings)
            }
            try await acceptWaiting(store, settings)
            return try Envelope.reply(settings)
        }
    }

    /// Orders that arrived before the store wanted to accept by itself: page by page, so that others get their turns.
    private func acceptWaiting(_ store: Int, _ settings: StoreSettings) async throws {
        guard settings.acceptsByItself else { return }
        var last: Int? = 0
        while let after = last {
            last = try await database.write { [news] db in
                try AutoAccept.acceptWaiting(
                    store: store, after: after, most: Self.waitingPage, telling: news, in: db)
            }
        }
    }

    // MARK: - Menus

    private func addMenus(to router: inout Router) {
        router.on(.get, "/api/store-menu") { request in
            try await read(request) { member, db in
                try Envelope.reply(try StoreMenus.all(store: member.storeID, in: db))
            }
        }
        router.on(.post, "/api/store-menu/{id}/sold-out", bodyLimit: 1024) { request in
            try await set(request) { request.bodyCount == 0 ? SoldOut() : try request.json(SoldOut.self) }
        }
        router.on(.post, "/api/store-menu/{id}/on-sale", bodyLimit: 1024) { request in
            try await set(request) { nil }
        }
    }

    private func set(_ request: Request, _ read: () throws -> SoldOut?) async throws -> Response {
        let session = request.storeSession
        let id = Result { try request.id(orThrow: .noSuchMenu) }
        let wish = Result { try read() }
        return try await database.write { [streams] db in
            let member = try Accounts.storeMember(session: session, in: db)
            let (menu, event) = try StoreMenus.set(
                try id.get(), store: member.storeID, soldOut: try wish.get(), in: db)
            if let event { db.afterCommit { streams.offer([event]) } }
            return try Envelope.reply(menu)
        }
    }

    // MARK: -

    /// `?day=2026-11-20`; today without it.
    private func day(of request: Request) throws -> KoreanDay {
        guard let text = try request.query("day"), !text.isEmpty else { return .today }
        guard let day = KoreanDay(text) else {
            throw DeliveryError.invalid("day", "must be a day such as 2026-11-20")
        }
        return day
    }

    /// Answers from one read transaction in which the session is checked too.
    private func read(
        _ request: Request, _ body: @escaping @Sendable (StoreMember, SQLite.Connection) throws -> Response
    ) async throws -> Response {
        let session = request.storeSession
        return try await database.read { db in try body(try Accounts.storeMember(session: session, in: db), db) }
    }
}
