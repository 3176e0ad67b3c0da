import SQLite

/// Looking for stores and their menus, inside the caller's transaction.
package enum Stores {
    package static let most = 200

    /// Stores of a category, or of all, best star first, each with how it takes orders now.
    package static func search(
        _ category: Store.Category?, at now: Timestamp = .now, in db: Connection
    ) throws -> [OfferedStore] {
        try StoreRecords.search(category, most: most, in: db).map { store in
            OfferedStore(store, try StoreSettingRecords.find(store: store.id, at: now, in: db))
        }
    }

    /// The menus that a store sells, in the store's own order, also those that are sold out now.
    /// - Throws: `DeliveryError.storeNotFound`
    package static func menus(store id: Int, at now: Timestamp = .now, in db: Connection) throws -> [OfferedMenu] {
        guard let store = try StoreRecords.find(id, in: db), store.status == .registered else {
            throw DeliveryError.storeNotFound
        }
        return try MenuRecords.offered(store: id, at: now, in: db)
    }
}
