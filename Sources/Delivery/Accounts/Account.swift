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

/// Somebody who works for a store.
package struct StoreUser: Codable, Equatable, Sendable {
    package let id: Int
    package let storeID: Int
    package let email: String
    package let status: AccountStatus
    package let role: Role
    package let registeredAt: Timestamp

    package enum Role: String, Codable, CaseIterable, Sendable {
        case master = "MASTER"
        case admin = "ADMIN"
        case user = "USER"
    }

    enum CodingKeys: String, CodingKey {
        case id, email, status, role
        case storeID = "store_id"
        case registeredAt = "registered_at"
    }
}

/// A store user with the store that they work for.
package struct StoreMember: Equatable, Sendable {
    package let user: StoreUser
    package let storeName: String
    package var storeID: Int { user.storeID }
}
