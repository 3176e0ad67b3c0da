import SQLite

/// Ordering, and looking at orders.
package struct Orders: Sendable {
    package static let longestPage = 100
    /// More open orders than a store can have on one page.
    package static let mostCurrent = 500
    /// How long an `Idempotency-Key` is remembered.
    static let keyLifetime = Duration.seconds(24 * 60 * 60)

    let database: Database
    package let news: OrderNews
    /// Without it an order counts as paid when it is stored.
    let hasGateway: Bool

    package init(database: Database, news: OrderNews, hasGateway: Bool = false) {
        self.database = database
        self.news = news
        self.hasGateway = hasGateway
    }

    /// An order that is stored.
    package struct Placed: Sendable {
        package let order: Order
        /// False when the order had been placed before under the same key.
        package let isNew: Bool
    }

    /// What a client sends to make a repeated request harmless (IETF draft idempotency-key-header-07).
    package struct Key: Sendable {
        package static let longest = 255
        let text: String
        let requestHash: [UInt8]

        /// - Throws: `DeliveryError` 400 for a key that is empty, too long or not printable ASCII.
        package init(_ text: String, body: [UInt8]) throws(DeliveryError) {
            guard !text.isEmpty, text.utf8.count <= Self.longest, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw .invalid("Idempotency-Key", "must be 1 to \(Self.longest) printable ASCII characters") }
            self.text = text
            requestHash = Secrets.sha256(octets: body)
        }
    }

    /// Stores an order with its announcement, in one transaction. With a gateway it is only registered, and its payment waits.
    ///
    /// - Parameter credential: the customer's; it is checked in the same transaction.
    /// - Throws: `DeliveryError`: 401, 404/3404, 404/3405, 409/3002, 409/3006, 422/3003, 422/3004, 422/3005,
    ///   422/422 for a reused key.
    package func place(
        _ request: OrderRequest, by credential: CustomerCredential, key: Key? = nil, traceParent: String? = nil
    ) async throws -> Placed {
        try await database.write { [self] db in
            let customer = try Accounts.customer(credential, in: db)
            let now = Timestamp.now
            if let key, let earlier = try Self.earlier(key, customer: customer.id, at: now, in: db) {
                return Placed(order: earlier, isNew: false)
            }
            guard let store = try StoreRecords.find(request.storeID, in: db) else { throw DeliveryError.storeNotFound }
            let address = request.address ?? customer.address
            try OrderRules.admit(
                to: store, try StoreSettingRecords.find(store: store.id, at: now, in: db), address: address)
            var menus: [Int: OfferedMenu] = [:]
            for line in request.lines {
                menus[line.menuID] = try MenuRecords.offered(line.menuID, at: now, in: db)
            }
            let (items, amount) = try OrderRules.price(request, at: store, menus: menus)
            let status = hasGateway ? OrderStatus.registered : .order
            let order = try OrderRecords.insert(
                OrderRecords.NewOrder(
                    customer: customer.id, store: store.id, status: status, items: items, amount: amount,
                    note: request.note, address: address, orderedAt: now),
                deadline: news.terms.deadline(.init(status), from: now), in: db)
            if let key {
                try IdempotencyRecords.insert(
                    customer: customer.id, key: key.text, hash: key.requestHash, order: order.id, at: now, in: db)
            }
            if hasGateway {
                // The one who places it tries first.
                try PaymentRecords.insert(
                    order: order.id, amount: amount, next: now.adding(.seconds(2)), at: now, in: db)
            } else {
                try Ledger.book(LedgerEntry(order: order.id, kind: .charge, amount: amount, at: now), in: db)
            }
            let actor = OrderActor.customer(customer.id)
            let event = OrderEvent(version: 1, action: .place, status: status, actor: actor.kind, at: now)
            let entry = try Self.store(
                event, of: order, at: store, by: actor, telling: news, traceParent: traceParent, in: db)
            news.tell(entry, [], after: db)
            return Placed(order: order, isNew: true)
        }
    }

    private static func earlier(_ key: Key, customer: Int, at now: Timestamp, in db: Connection) throws -> Order? {
        guard
            let found = try IdempotencyRecords.find(
                customer: customer, key: key.text, storedSince: now.adding(.zero - keyLifetime), in: db)
        else { return nil }
        guard found.hash == key.requestHash else {
            throw DeliveryError(
                status: 422, resultCode: 422, "this Idempotency-Key was used with another request body")
        }
        return try OrderRecords.detail(found.order, in: db)?.order
    }

    // MARK: - Customers

    /// The customer's open orders, newest first, and the cursor from which an event stream misses nothing.
    package static func current(customer: Int, _ page: Page, in db: Connection) throws -> Snapshot {
        Snapshot(
            orders: try OrderRecords.list(
                .customer(customer), isOpen: true, before: page.before, limit: page.limit, in: db),
            lastEventID: try FeedRecords.head(in: db))
    }

    package static func history(customer: Int, _ page: Page, in db: Connection) throws -> [OrderListEntry] {
        try OrderRecords.list(.customer(customer), isOpen: false, before: page.before, limit: page.limit, in: db)
    }

    /// - Throws: `DeliveryError.orderNotFound`, also for somebody else's order.
    package static func find(_ id: Int, customer: Int, in db: Connection) throws -> OrderListEntry {
        guard var entry = try OrderRecords.entry(id, in: db), entry.order.customerID == customer else {
            throw DeliveryError.orderNotFound
        }
        entry.timeline = try OrderEventRecords.timeline(order: id, in: db)
        entry.payment = try OrderPayment.find(id, in: db)?.view
        return entry
    }

    // MARK: - Stores

    package static func current(store: Int, _ page: Page, in db: Connection) throws -> Snapshot {
        Snapshot(
            orders: try OrderRecords.list(
                .store(store), isOpen: true, before: page.before, limit: page.limit, in: db),
            lastEventID: try FeedRecords.head(in: db))
    }

    package static func history(store: Int, _ page: Page, in db: Connection) throws -> [OrderListEntry] {
        try OrderRecords.list(.store(store), isOpen: false, before: page.before, limit: page.limit, in: db)
    }

    package static func find(_ id: Int, store: Int, in db: Connection) throws -> OrderListEntry {
        guard var entry = try OrderRecords.entry(id, in: db), entry.order.storeID == store,
            entry.order.isVisibleToStore
        else { throw DeliveryError.orderNotFound }
        entry.timeline = try OrderEventRecords.timeline(order: id, in: db)
        return entry
    }

    /// Somebody at the store has seen the order: the alarm ends in every tab. A second call changes nothing.
    /// - Returns: the order, and the event that tells the tabs when this call was the first.
    package static func acknowledge(
        _ id: Int, store: Int, in db: Connection
    ) throws -> (entry: OrderListEntry, event: FeedEvent?) {
        _ = try find(id, store: store, in: db)
        let now = Timestamp.now
        var event: FeedEvent?
        if try OrderRecords.acknowledge(id, at: now, in: db) {
            event = try FeedRecords.append(
                .store(store), name: "order-acknowledged",
                data: try JSON.encode(Acknowledgement(id: id, acknowledgedAt: now)), at: now, in: db)
        }
        return (try find(id, store: store, in: db), event)
    }

    struct Acknowledgement: Encodable {
        let id: Int
        let acknowledgedAt: Timestamp

        enum CodingKeys: String, CodingKey {
            case id
            case acknowledgedAt = "acknowledged_at"
        }
    }

    package struct Snapshot: Sendable {
        package let orders: [OrderListEntry]
        package let lastEventID: Int
    }

    /// Which part of a list is asked for.
    package struct Page: Sendable {
        package let before: Int?
        package let limit: Int

        /// A limit is brought between 1 and `mostCurrent`.
        package init(before: Int? = nil, limit: Int) {
            self.before = before
            self.limit = min(max(limit, 1), Orders.mostCurrent)
        }
    }
}
