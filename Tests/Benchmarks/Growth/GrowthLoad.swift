import Delivery
import Glibc
import SQLite
import Synchronized

/// The life of orders in one database, through the domain's own code, as the services run it; without sockets and broker.
final class GrowthLoad: Sendable {
    /// Of one order.
    struct Cost {
        /// Microseconds of user and system time, of all threads.
        var cpu = 0.0
        /// Octets that system calls have read and written.
        var read = 0.0
        var written = 0.0

        static func += (sum: inout Cost, cost: Cost) {
            sum.cpu += cost.cpu
            sum.read += cost.read
            sum.written += cost.written
        }
    }

    static let writes = ["place", "outbox", "announce", "view and settlement", "six changes"]
    static let lists = ["current lists", "history lists", "one order", "search"]
    static let whole = "an order from its placing to its end"
    static let steps = writes + lists

    private let path: String
    private let data: GrowthData
    private let database: Database
    private let told = Lock<[OutboxEntry]>([])
    private let seed = Lock(UInt64(7))
    private let tokens: [(customer: Int, token: String)]

    init(_ path: String, _ data: GrowthData) async throws {
        self.path = path
        self.data = data
        database = try await DeliveryDatabase.open(path: path, demoData: false)
        // As many as log in within an hour, over all customers.
        let count = min(data.customers, 4_000)
        let tokens = (0..<count).map {
            (customer: 1 + $0 * (data.customers / count), token: "growth-\(getpid())-\($0)")
        }
        self.tokens = tokens
        let expires = Timestamp.now.adding(.seconds(3600))
        try await database.write { db in
            for (customer, token) in tokens {
                try db.run(
                    "INSERT OR REPLACE INTO token(hash, kind, owner_id, expires_at) VALUES (?, 'ACCESS', ?, ?)",
                    Secrets.sha256(token), customer, expires.milliseconds)
            }
        }
    }

    func close() async { await database.close() }

    /// Takes the file out of the page cache.
    func dropPages() throws {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw BenchmarkError("\(path): errno \(errno)") }
        defer { Glibc.close(file) }
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    }

    private func random(_ range: ClosedRange<Int>) -> Int {
        seed.withLock { seed in
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + Int(seed >> 33) % range.count
        }
    }

    // MARK: - Measuring

    private func cost(of count: Int, _ body: () async throws -> Void) async throws -> Cost {
        let before = try Self.counters()
        try await body()
        let after = try Self.counters()
        return Cost(
            cpu: (after.cpu - before.cpu) / Double(count), read: (after.read - before.read) / Double(count),
            written: (after.written - before.written) / Double(count))
    }

    private static func counters() throws -> Cost {
        var sum = Cost(cpu: try ProcessCounters.cpu(getpid()))
        guard let file = fopen("/proc/self/io", "r") else { return sum }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = String(
                decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("rchar: ") { sum.read = Double(text.dropFirst(7)) ?? 0 }
            if text.hasPrefix("wchar: ") { sum.written = Double(text.dropFirst(7)) ?? 0 }
        }
        return sum
    }

    /// Runs transactions of their own, so many in each commit: the writer is held until they wait for it.
    private func inGroups<Item: Sendable>(
        of size: Int, _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Void
    ) async throws {
        for first in stride(from: 0, to: items.count, by: size) {
            let group = items[first..<min(first + size, items.count)]
            if group.count == 1, let item = group.first {
                try await body(item)
                continue
            }
            let database = self.database
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                let isHeld = Lock(false)
                tasks.addTask {
                    try await database.write { _ in
                        isHeld.withLock { $0 = true }
                        for _ in 0..<200 where database.statistics.waiting < group.count { usleep(20) }
                    }
                }
                while !isHeld.withLock({ $0 }) { usleep(20) }
                for item in group { tasks.addTask { try await body(item) } }
                try await tasks.waitForAll()
            }
        }
    }

    // MARK: - The life of orders

    private struct Placed: Sendable {
        let id: Int
        let store: Int
        let customer: Int
    }

    /// What each step costs for each order.
    func life(of count: Int, stores: ClosedRange<Int>, batch: Int) async throws -> [(name: String, cost: Cost)] {
        let news = OrderNews(instance: 1, outbox: { message in self.told.withLock { $0.append(message) } })
        let orders = Orders(database: database, news: news)
        let requests = try (0..<count).map { index in
            let store = random(stores)
            let menu = (store - 1) * GrowthData.menusPerStore + random(1...GrowthData.menusPerStore - 1)
            return (
                request: OrderRequest(
                    storeID: store, lines: [.init(menuID: menu, quantity: 1), .init(menuID: menu + 1, quantity: 2)]),
                by: tokens[random(0...tokens.count - 1)], key: "growth-\(index)-\(Secrets.hex(try Secrets.random(12)))"
            )
        }
        var costs: [(name: String, cost: Cost)] = []
        let kept = Lock<[Placed]>([])
        costs.append(
            (
                "place",
                try await cost(of: count) {
                    try await inGroups(of: batch, requests) { item in
                        let key = try Orders.Key(item.key, body: Array(item.key.utf8))
                        let order = try await orders.place(item.request, by: .token(item.by.token), key: key).order
                        kept.withLock {
                            $0.append(Placed(id: order.id, store: order.storeID, customer: order.customerID))
                        }
                    }
                }
            ))
        let placed = kept.withLock { $0 }
        costs.append(("outbox", Cost()))
        costs.append(
            (
                "announce",
                try await cost(of: count) {
                    try await together(batch, placed) { order, db in
                        _ = try Feed.announce(order: order.id, traceParent: nil, in: db)
                    }
                }
            ))
        costs.append(("view and settlement", Cost()))
        costs.append(("six changes", Cost()))
        try await consume(&costs, count, batch)
        let changes: [(OrderAction, OrderActor)] = [
            (.accept, .store(1)), (.startCooking, .store(1)), (.finishCooking, .store(1)), (.startDelivery, .store(1)),
            (.receiveDelivery, .store(1)), (.confirm, .customer(0)),
        ]
        for (action, actor) in changes {
            costs[4].cost += try await cost(of: count) { [database] in
                try await inGroups(of: batch, placed) { order in
                    let actor = actor.kind == .customer ? OrderActor.customer(order.customer) : actor
                    _ = try await database.write { db in
                        try Orders.require(order.id, store: order.store, in: db)
                        var change = OrderChange(action, by: actor)
                        change.prepMinutes = action == .accept ? 20 : nil
                        _ = try Orders.change(order.id, change, telling: news, in: db)
                        return try Orders.find(order.id, store: order.store, in: db).order.version
                    }
                }
            }
            try await consume(&costs, count, batch)
        }
        var sum = Cost()
        for (_, cost) in costs { sum += cost }
        costs += try await lists(placed)
        costs.append((Self.whole, sum))
        return costs
    }

    /// What one consumer does with what has arrived: one transaction for all.
    private func together<Item: Sendable>(
        _ batch: Int, _ items: [Item], _ body: @escaping @Sendable (Item, SQLite.Connection) throws -> Void
    ) async throws {
        for first in stride(from: 0, to: items.count, by: batch) {
            let group = Array(items[first..<min(first + batch, items.count)])
            try await database.write { db in for item in group { try body(item, db) } }
        }
    }

    /// The relay removes what was published; the groups read it.
    private func consume(_ costs: inout [(name: String, cost: Cost)], _ count: Int, _ batch: Int) async throws {
        let messages = told.withLock { told in
            defer { told = [] }
            return told
        }
        costs[1].cost += try await cost(of: count) {
            try await together(batch, messages) { message, db in try Outbox.remove([message.key], in: db) }
        }
        costs[3].cost += try await cost(of: count) {
            try await together(batch, messages.flatMap(\.messages).filter { !$0.isMandatory }) { message, db in
                switch try OrderMessage(type: message.type, body: message.body) {
                case .completed(let message):
                    try Settlement.settle(order: message.orderID, fee: Fee(basisPoints: 1000), in: db)
                case .status(let message): _ = try OrderViews.apply(message, in: db)
                }
            }
        }
    }

    private func lists(_ placed: [Placed]) async throws -> [(name: String, cost: Cost)] {
        let page = Orders.Page(limit: 20)
        let search = try OrderSearch(status: "RECEIVE", query: "메뉴 1", from: nil, to: nil)
        let reads: [(String, @Sendable (Placed, SQLite.Connection) throws -> Void)] = [
            (
                "current lists",
                { order, db in
                    _ = try Orders.current(store: order.store, page, in: db)
                    _ = try Orders.current(customer: order.customer, page, in: db)
                }
            ),
            (
                "history lists",
                { order, db in
                    _ = try Orders.history(store: order.store, page, in: db)
                    _ = try Orders.history(customer: order.customer, page, in: db)
                }
            ),
            (
                "one order",
                { order, db in
                    _ = try Orders.find(order.id, store: order.store, in: db)
                    _ = try Orders.find(order.id, customer: order.customer, in: db)
                    _ = try OrderViews.find(order.id, customer: order.customer, in: db)
                }
            ),
            (
                "search",
                { order, db in
                    guard let search else { return }
                    _ = try Orders.search(search, store: order.store, page, in: db)
                }
            ),
        ]
        let some = Array(placed.prefix(100))
        var costs: [(name: String, cost: Cost)] = []
        for (name, read) in reads {
            costs.append(
                (
                    name,
                    try await cost(of: some.count) {
                        for order in some { try await database.read { db in try read(order, db) } }
                    }
                ))
        }
        return costs
    }
}
