import Delivery
import FoundationEssentials
import SQLite

/// A database with stores, menus, customers and logins, as measurements of whole orders need it.
///
/// Store `s` has the menus `(s - 1) * menus + 1` to `s * menus`; tokens hold for a day.
struct OrderWorld: Sendable {
    var stores = 100
    var menus = 20
    var customers = 100

    /// One a customer, for `authorization-token`.
    private(set) var tokens: [String] = []
    /// One a store, for the cookie `store_session`.
    private(set) var sessions: [String] = []

    init(stores: Int = 100, menus: Int = 20, customers: Int = 100) {
        (self.stores, self.menus, self.customers) = (stores, menus, customers)
    }

    /// Makes the file.
    mutating func make(at path: String) async throws {
        tokens = try (0..<customers).map { _ in try Secrets.token() }
        sessions = try (0..<stores).map { _ in try Secrets.token() }
        let database = try await DeliveryDatabase.open(path: path, demoData: false)
        try await database.write { [self] db in try fill(db) }
        _ = try await database.checkpoint()
        await database.close()
    }

    private func fill(_ db: Connection) throws {
        let now = Timestamp.now.milliseconds
        for store in 1...stores {
            try db.run(
                """
                INSERT INTO store(id, name, address, status, category, star, thumbnail_url, minimum_amount,
                  minimum_delivery_amount, phone_number)
                VALUES (?, ?, '서울시 마포구 와우산로 21', 'REGISTERED', 'KOREAN_FOOD', 4.5, '', 1000, 2000, '02-330-1000')
                """, store, "가게 \(store)")
            for menu in 0..<menus {
                try db.run(
                    """
                    INSERT INTO store_menu(id, store_id, name, amount, status, thumbnail_url, like_count, sequence)
                    VALUES (?, ?, ?, ?, 'REGISTERED', '', 0, ?)
                    """, (store - 1) * menus + menu + 1, store, "메뉴 \(menu + 1)", 5000 + menu * 100, menu)
            }
            try db.run(
                """
                INSERT INTO store_user(id, store_id, email, password, status, role, registered_at)
                VALUES (?, ?, ?, '', 'REGISTERED', 'MASTER', ?)
                """, store, store, "owner\(store)@bench.example", now)
        }
        for customer in 1...customers {
            try db.run(
                """
                INSERT INTO customer(id, name, email, address, password, status, registered_at)
                VALUES (?, ?, ?, '서울시 마포구 월드컵로 12, 301호', '', 'REGISTERED', ?)
                """, customer, "손님 \(customer)", "customer\(customer)@bench.example", now)
        }
        for (kind, texts) in [("ACCESS", tokens), ("SESSION", sessions)] {
            for (index, text) in texts.enumerated() {
                try db.run(
                    "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, ?, ?, ?)", Secrets.sha256(text),
                    kind, index + 1, now + 86_400_000)
            }
        }
    }
}

extension Benchmark {
    /// For load generators that are not part of this repository.
    static let world = Benchmark(
        name: "world", summary: "makes a database with stores and logins for a load generator of one's own",
        help: """
              --database FILE   where to (must not exist)
              --stores N        stores, each with a user and a session (100)
              --menus N         menus a store: store s has (s - 1) * N + 1 to s * N (20)
              --customers N     customers, each with an access token (100)
              --tokens FILE     a header line for each customer's requests
              --sessions FILE   a header line for each store's stream
            """
    ) { arguments in
        var arguments = Arguments(arguments)
        var world = OrderWorld()
        var (database, tokens, sessions): (String?, String?, String?)
        while let option = arguments.next() {
            switch option {
            case "--database": database = try arguments.value()
            case "--stores": world.stores = try arguments.number(1...1_000_000)
            case "--menus": world.menus = try arguments.number(1...1000)
            case "--customers": world.customers = try arguments.number(1...10_000_000)
            case "--tokens": tokens = try arguments.value()
            case "--sessions": sessions = try arguments.value()
            default: throw arguments.unknown("see bench world --help")
            }
        }
        guard let database else { throw BenchmarkError("--database is missing") }
        try await world.make(at: database)
        func write(_ lines: [String], _ file: String?) throws {
            guard let file else { return }
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
        }
        try write(world.tokens.map { "authorization-token: \($0)" }, tokens)
        try write(world.sessions.map { "Cookie: store_session=\($0)" }, sessions)
    }
}
