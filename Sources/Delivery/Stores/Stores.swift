import SQLite

/// Looking for stores and their menus, inside the caller's transaction.
package enum Stores {
    package static let most = 200

    /// Stores of a category, or of all, best star first.
    package static func search(_ category: Store.Category?, in db: Connection) throws -> [Store] {
        try StoreRecords.search(category, most: most, in: db)
    }

    /// The menus that a store sells, in the store's own order.
    /// - Throws: `DeliveryError.storeNotFound`
    package static func menus(store id: Int, in db: Connection) throws -> [Menu] {
        guard let store = try StoreRecords.find(id, in: db), store.status == .registered else {
            throw DeliveryError.storeNotFound
        }
        return try MenuRecords.onSale(store: id, in: db)
    }
}
