import SQLite

/// The table of where each order is: how it is kept, and who may read what of it.
package enum OrderViews {
    /// Takes over what a message says, unless a later one was seen. Each message says everything about its order, so that
    /// they may come in any order, more than once, and with gaps.
    /// - Returns: whether the message was the latest one so far.
    package static func apply(_ message: OrderStatusMessage, in db: Connection) throws -> Bool {
        try OrderViewRecords.update(OrderView(message), in: db)
    }

    /// Takes over what the last event of an order says: for a message that says only that there is one.
    /// - Returns: whether it was newer than what was known.
    /// - Throws: `DeliveryError.orderNotFound`
    package static func refresh(order id: Int, in db: Connection) throws -> Bool {
        if try OrderViewRecords.update(fromLastEventOf: id, in: db) { return true }
        guard try OrderViewRecords.exists(order: id, in: db) else { throw DeliveryError.orderNotFound }
        // The message comes so late that the event's text is gone.
        guard let body = try OrderViewRecords.lastEvent(of: id, in: db), body.isEmpty,
            let view = try view(of: id, body, in: db)
        else { return false }
        return try OrderViewRecords.update(view, in: db)
    }

    // MARK: - Reading

    /// The customer's orders, newest first.
    package static func list(customer: Int, _ page: Orders.Page, in db: Connection) throws -> [OrderView] {
        try OrderViewRecords.list(customer: customer, before: page.before, limit: page.limit, in: db)
    }

    /// The store's open orders, newest first.
    package static func list(store: Int, _ page: Orders.Page, in db: Connection) throws -> [OrderView] {
        try OrderViewRecords.list(store: store, before: page.before, limit: page.limit, in: db)
    }

    /// - Throws: `DeliveryError.orderNotFound`, also for somebody else's order. So do the others.
    package static func find(_ id: Int, customer: Int, in db: Connection) throws -> OrderView {
        guard let view = try OrderViewRecords.find(id, in: db), view.customerID == customer else {
            throw DeliveryError.orderNotFound
        }
        return view
    }

    package static func find(_ id: Int, store: Int, in db: Connection) throws -> OrderView {
        guard let view = try OrderViewRecords.find(id, in: db), view.storeID == store, view.paidAt != nil else {
            throw DeliveryError.orderNotFound
        }
        return view
    }

    // MARK: - Building it again

    /// What was found on a page of the table, or on several.
    package struct Rebuilt: Equatable, Sendable {
        /// Behind it the next page begins.
        package var last: Int
        package var orders = 0
        /// Rows that were missing or wrong.
        package var mended = 0
        /// Rows of orders that there are not.
        package var removed = 0
        /// Orders whose last event cannot be read; their rows are left as they are.
        package var unreadable = 0

        package init(last: Int = 0) { self.last = last }

        package static func += (sum: inout Rebuilt, page: Rebuilt) {
            sum.last = page.last
            sum.orders += page.orders
            sum.mended += page.mended
            sum.removed += page.removed
            sum.unreadable += page.unreadable
        }
    }

    /// Makes the rows of the orders behind `id` what their last events say, as far as `Pruning` has left them. Whatever was in a row counts for nothing. The
    /// caller's write transaction sees the last event of each order, so that no message that comes later can be older.
    /// - Returns: nil when there are no more orders.
    package static func rebuildPage(after id: Int, limit: Int, in db: Connection) throws -> Rebuilt? {
        let ids = try OrderRecords.ids(after: id, limit: limit, in: db)
        guard let last = ids.last else { return nil }
        var rebuilt = Rebuilt(last: last)
        for id in ids {
            rebuilt.orders += 1
            guard let body = try OrderViewRecords.lastEvent(of: id, in: db) else {
                if try OrderViewRecords.delete(id, in: db) { rebuilt.removed += 1 }
                continue
            }
            guard let view = try view(of: id, body, in: db) else {
                rebuilt.unreadable += 1
                continue
            }
            // A row that cannot be read is one that is wrong.
            if let present = try? OrderViewRecords.row(id, in: db), present == .init(view) { continue }
            try OrderViewRecords.replace(view, in: db)
            rebuilt.mended += 1
        }
        return rebuilt
    }

    /// What the last message says; of an order that ended so long ago that its messages are gone, what the order itself says.
    private static func view(of id: Int, _ body: [UInt8], in db: Connection) throws -> OrderView? {
        if body.isEmpty {
            guard let entry = try OrderRecords.entry(id, in: db), entry.order.closedAt != nil else { return nil }
            let rider = try entry.order.riderID.flatMap { try RiderRecords.name($0, in: db) }
            return OrderView(entry.order, at: entry.store, riderName: rider)
        }
        guard let message = try? JSON.decode(OrderStatusMessage.self, body), message.orderID == id else { return nil }
        return OrderView(message)
    }

    /// Removes the rows behind `id` whose order does not exist.
    /// - Returns: nil when there are no more rows.
    package static func removeStrangers(after id: Int, limit: Int, in db: Connection) throws -> Rebuilt? {
        let ids = try OrderViewRecords.ids(after: id, limit: limit, in: db)
        guard let last = ids.last else { return nil }
        var rebuilt = Rebuilt(last: last)
        for id in ids where try !OrderViewRecords.exists(order: id, in: db) {
            if try OrderViewRecords.delete(id, in: db) { rebuilt.removed += 1 }
        }
        return rebuilt
    }
}
