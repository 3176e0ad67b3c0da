import Delivery
import EventLoop
import Glibc
import SQLite
import Service

/// What repairs the tables that are made of the events of orders, while services run.
enum RebuildCommands {
    static let all = [
        Program.Command(
            "--rebuild-view", "builds the table of where each order is again from the orders' events"
        ) {
            settings, _ in
            try run(settings) { database in try await rebuildView(in: database) }
        },
        Program.Command("--rebuild-settlement", "books what messages should have booked that were lost") {
            settings, _ in
            let fee = try SettlementSettings.fee(.process)
            return try run(settings) { database in try await rebuildSettlement(fee, in: database) }
        },
    ]

    /// Orders in one transaction: others wait for it a few milliseconds at most.
    private static let page = 100

    private static func rebuildView(in database: Database) async throws -> String {
        var sum = OrderViews.Rebuilt()
        func go(_ step: @escaping @Sendable (Int, SQLite.Connection) throws -> OrderViews.Rebuilt?) async throws {
            sum.last = 0
            while let done = try await database.write({ [last = sum.last] db in try step(last, db) }) { sum += done }
        }
        try await go { last, db in try OrderViews.rebuildPage(after: last, limit: page, in: db) }
        try await go { last, db in try OrderViews.removeStrangers(after: last, limit: page, in: db) }
        return "looked at \(sum.orders) orders: \(sum.mended) rows written, \(sum.removed) removed, "
            + "\(sum.unreadable) left since their last event cannot be read"
    }

    private static func rebuildSettlement(_ fee: Fee, in database: Database) async throws -> String {
        var (last, orders, booked) = (0, 0, 0)
        while let done = try await database.write({ [last] db in
            try Settlement.settlePage(after: last, limit: page, fee: fee, in: db)
        }) {
            last = done.last
            orders += done.orders
            booked += done.booked
        }
        return "looked at \(orders) orders: \(booked) entries booked"
    }

    private static func run(
        _ settings: CommonSettings, _ body: @escaping @Sendable (Database) async throws -> String
    ) throws -> String {
        let path = settings.databasePath
        guard access(path, F_OK) == 0 else {
            throw Program.StartError("DATABASE_PATH=\"\(path)\": there is no such file")
        }
        let loop = try EventLoop(name: "rebuild")
        try loop.start()
        do {
            return try runBlocking(on: loop) {
                let database = try await DeliveryDatabase.open(path: path, demoData: false)
                let line = try await body(database)
                await database.close()
                return line
            }
        } catch {
            throw Program.StartError("DATABASE_PATH=\"\(path)\": \(error)")
        }
    }
}
