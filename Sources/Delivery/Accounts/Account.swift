/// A customer.
package struct Customer: Codable, Equatable, Sendable {
    package let id: Int
    package let name: String
    package let email: String
    package let address: String
    package let status: AccountStatus
    package let registeredAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case id, name, email, address, status
        case registeredAt = "registered_at"
    }
}

package enum AccountStatus: String, Codable, Sendable {
    case registered = "REGISTERED"
    case unregistered = "UNREGISTERED"
}

/// Somebody who logs in at `store-admin`.
package struct StoreUser: Codable, Equatable, Sendable {
    package let id: Int
    /// nil for those who work for no store.
    package let storeID: Int?
    package let email: String
    package let status: AccountStatus
    package let role: Role
    package let registeredAt: Timestamp

    package enum Role: String, Codable, CaseIterable, Sendable {
        case master = "MASTER"
        case admin = "ADMIN"
        case user = "USER"
        /// Looks after the system and works for no store; made from the settings only.
        case `operator` = "OPERATOR"
        /// Brings orders to customers and works for no store; made by operators only.
        case rider = "RIDER"

        /// The roles that a store gives.
        package var worksForStore: Bool { self != .operator && self != .rider }
    }

    enum CodingKeys: String, CodingKey {
        case id, email, status, role
        case storeID = "store_id"
        case registeredAt = "registered_at"
    }
}

/// A store user, and the store if they work for one.
package struct StoreAccount: Equatable, Sendable {
    package let user: StoreUser
    let storeName: String?

    /// nil for those who work for no store.
    package var member: StoreMember? {
        guard user.role.worksForStore, let storeID = user.storeID, let storeName else { return nil }
        return StoreMember(user: user, storeID: storeID, storeName: storeName)
    }

    package var isOperator: Bool { user.role == .operator && user.storeID == nil }
    package var isRider: Bool { user.role == .rider && user.storeID == nil }
}

/// A store user with the store that they work for.
package struct StoreMember: Equatable, Sendable {
    package let user: StoreUser
    package let storeID: Int
    package let storeName: String
}
