import SQLite

/// A store's own menus: what is sold out, inside the caller's transaction.
package enum StoreMenus {
    /// Every menu that the store has on its list, in the store's own order.
    package static func all(store id: Int, at now: Timestamp = .now, in db: Connection) throws -> [OfferedMenu] {
        try MenuRecords.offered(store: id, at: now, in: db)
    }

    /// - Parameter soldOut: nil puts the menu on sale again.
    /// - Returns: the menu, and the event that tells the store's tabs if something has changed.
    /// - Throws: `DeliveryError` 400; 404/3405, also for a menu of another store.
    package static func set(
        _ id: Int, store: Int, soldOut: SoldOut?, at now: Timestamp = .now, in db: Connection
    ) throws -> (menu: OfferedMenu, event: FeedEvent?) {
        guard let old = try MenuRecords.offered(id, at: now, in: db), old.menu.storeID == store,
            old.menu.status == .registered
        else { throw DeliveryError.menuNotFound(id) }
        let new = OfferedMenu(menu: old.menu, soldOutUntil: try soldOut?.checked(at: now))
        guard new != old else { return (old, nil) }
        try MenuRecords.setSoldOut(id, until: new.soldOutUntil, in: db)
        let event = try FeedRecords.append(
            .store(store), name: "store-menu", data: try JSON.encode(new), at: now, in: db)
        return (new, event)
    }
}
