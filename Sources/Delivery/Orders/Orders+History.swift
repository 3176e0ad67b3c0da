import SQLite

/// A store's past orders.
extension Orders {
    /// One page of a search looks at so many orders.
    static let mostSearched = 2_000

    package struct Found: Sendable {
        package let orders: [OrderListEntry]
        /// `before` of the next page. There is one whenever not everything was looked at, also when nothing was found.
        package let next: Int?
    }

    /// Orders that came to their end and are what is looked for, youngest first.
    package static func search(
        _ search: OrderSearch, store: Int, _ page: Page, in db: Connection
    ) throws -> Found {
        // A number is most likely that of an order, however long ago it was.
        if let number = search.number, page.before == nil, let entry = try OrderRecords.entry(number, in: db),
            entry.order.storeID == store, entry.order.closedAt != nil, entry.order.paidAt != nil,
            search.takes(entry.order.status, orderedAt: entry.order.orderedAt)
        {
            return Found(orders: [entry], next: nil)
        }
        let found = try OrderSearchRecords.find(
            search, store: store, before: page.before, limit: page.limit, mostSeen: mostSearched, in: db)
        return Found(orders: try found.orders.compactMap { try OrderRecords.entry($0, in: db) }, next: found.next)
    }
}
