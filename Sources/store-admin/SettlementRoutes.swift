import Delivery
import HTTP
import HTTPWire
import Pages
import SQLite
import Service
import Web

/// What a store has earned, for its MASTER and ADMIN users, and what all of them have, for operators.
struct SettlementRoutes: Sendable {
    let database: Database
    let accounts: Accounts
    let cookie: SessionCookie
    let basePath: String

    /// Entries that are read at once for a table.
    private static let tablePage = 1_000

    func add(to router: inout Router) throws {
        guard let page = Pages.named("settlement.html") else {
            throw Program.StartError("the pages are missing from the program")
        }
        let file = StaticFile(constant: page.octets, name: page.name, cacheControl: "private, no-cache")
        router.on(.get, "/settlement", bodyLimit: 0) { request in try await show(file, to: request) }
        router.on(.get, "/api/settlement", bodyLimit: 0) { request in try await settlement(request) }
        router.on(.get, "/api/settlement/stores", bodyLimit: 0) { request in
            let session = request.storeSession
            let wanted = Result { (try day(of: request), try request.number("after", in: 0...Int.max) ?? 0) }
            let limit = Result { try request.number("limit", in: 1...200) ?? 100 }
            return try await database.read { db in
                _ = try Accounts.storeOperator(session: session, in: db)
                let (day, after) = try wanted.get()
                return try Envelope.reply(
                    try Settlement.stores(day: day, after: after, limit: try limit.get(), in: db))
            }
        }
    }

    // MARK: - A store's own

    private enum Period {
        case day(KoreanDay)
        case month(KoreanMonth)
    }

    private func settlement(_ request: Request) async throws -> Response {
        let session = request.storeSession
        let period = Result { try self.period(of: request) }
        let isTable = Result { try wantsTable(request) }
        let (member, reply) = try await database.read { db in
            let member = try Self.owner(session, in: db)
            guard try !isTable.get() else { return (member, Response?.none) }
            switch try period.get() {
            case .day(let day):
                return (member, try Envelope.reply(try Settlement.day(day, store: member.storeID, in: db)))
            case .month(let month):
                return (member, try Envelope.reply(try Settlement.month(month, store: member.storeID, in: db)))
            }
        }
        if let reply { return reply }
        return table(try period.get(), of: member)
    }

    /// The MASTER and the ADMINs of a store know what it earns.
    private static func owner(_ session: String?, in db: SQLite.Connection) throws -> StoreMember {
        let member = try Accounts.storeMember(session: session, in: db)
        guard member.user.role == .master || member.user.role == .admin else { throw DeliveryError.forbidden }
        return member
    }

    private func period(of request: Request) throws -> Period {
        guard let text = try request.query("month") else { return .day(try day(of: request)) }
        guard try request.query("day") == nil else { throw DeliveryError.invalid("month", "not together with day") }
        guard let month = KoreanMonth(text) else { throw DeliveryError.invalid("month", "must be one such as 2026-11") }
        return .month(month)
    }

    /// Today without one.
    private func day(of request: Request) throws -> KoreanDay {
        guard let text = try request.query("day") else { return .today }
        guard let day = KoreanDay(text) else { throw DeliveryError.invalid("day", "must be one such as 2026-11-20") }
        return day
    }

    private func wantsTable(_ request: Request) throws -> Bool {
        switch try request.query("format") {
        case "csv": return true
        case "json": return false
        case nil: return request.preferredType(of: ["application/json", "text/csv"]) == 1
        default: throw DeliveryError.invalid("format", "must be json or csv")
        }
    }

    private func table(_ period: Period, of member: StoreMember) -> Response {
        let (name, days) =
            switch period {
            case .day(let day): (day.description, [day])
            case .month(let month): (month.description, month.days)
            }
        let (store, storeName, database) = (member.storeID, member.storeName, database)
        return Response.streamed(contentType: "text/csv; charset=utf-8") { writer in
            try await writer.write(CSV.byteOrderMark + SettlementTable.head)
            for day in days {
                var last: SettlementEntry?
                repeat {
                    let page = try await database.read { [last] db in
                        try Settlement.entries(store: store, day: day, after: last, limit: Self.tablePage, in: db)
                    }
                    last = page.count == Self.tablePage ? page.last : nil
                    try await writer.write(
                        page.flatMap { SettlementTable.line($0, store: store, name: storeName, day: day) })
                } while last != nil
            }
        }.with("Content-Disposition", "attachment; filename=\"settlement-\(store)-\(name).csv\"")
    }

    // MARK: - The page

    /// For those who may see the figures; the others are sent to where they belong.
    private func show(_ page: StaticFile, to request: Request) async throws -> Response {
        guard let session = request.storeSession else { return .redirect(to: "\(basePath)/login") }
        do {
            let account = try await database.read { db in try Accounts.storeAccount(session: session, in: db) }
            if account.isRider { return .redirect(to: "\(basePath)/rider") }
            let role = account.user.role
            guard account.isOperator || role == .master || role == .admin else {
                return .redirect(to: "\(basePath)/main")
            }
        } catch let error as DeliveryError where error.status == 401 {
            return .redirect(to: "\(basePath)/login")
        }
        let response = page.response(to: request)
        // A page that cannot renew its session now is still a page.
        let isRenewed = (try? await accounts.renew(session: session)) ?? false
        return isRenewed ? try cookie.set(session, on: response) : response
    }
}
