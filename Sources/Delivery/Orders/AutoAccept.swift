import SQLite

/// Stores that accept by themselves: the system does it for them, with the estimated minutes.
///
/// It is part of the transaction that announces an order. So it is done once, whichever instance does it, and a customer's
/// cancel comes before it or finds it done.
package struct AutoAccept: Sendable {
    private let order: Int
    private let minutes: Int

    /// - Returns: nil for an order that waits for a person, or does not wait any more.
    package static func due(
        order id: Int, at now: Timestamp = .now, in db: Connection
    ) throws -> AutoAccept? {
        guard let store = try StoreSettingRecords.acceptingStore(ofWaiting: id, in: db) else { return nil }
        let settings = try StoreSettingRecords.find(store: store, at: now, in: db)
        return AutoAccept(order: id, minutes: settings.estimatedMinutes)
    }

    package func accept(
        at now: Timestamp = .now, telling news: OrderNews, in db: Connection
    ) throws {
        var change = OrderChange(.accept, by: .system)
        change.prepMinutes = minutes
        _ = try Orders.change(order, change, at: now, telling: news, in: db)
    }

    /// Accepts orders that have been waiting since before the store wanted it. Those that are not announced yet are accepted
    /// when they are.
    ///
    /// - Parameters:
    ///   - after: the last order that was looked at; 0 at the beginning.
    ///   - most: open orders to look at.
    /// - Returns: the last order that was looked at now; nil when no more follow, or the store does not accept by itself.
    package static func acceptWaiting(
        store: Int, after: Int, most: Int, at now: Timestamp = .now, telling news: OrderNews, in db: Connection
    ) throws -> Int? {
        guard try StoreSettingRecords.find(store: store, at: now, in: db).acceptsByItself else { return nil }
        let open = try OrderRecords.open(store: store, after: after, limit: most, in: db)
        for id in open {
            guard let due = try due(order: id, at: now, in: db), try FeedRecords.isAnnounced(order: id, in: db) else {
                continue
            }
            try due.accept(at: now, telling: news, in: db)
        }
        return open.count < most ? nil : open.last
    }
}
