import SQLite

/// Riders: operators make them, and they log in as those who work for a store do.
extension Accounts {
    package struct RiderRegistration: Decodable, Sendable {
        package let name: String
        package let email: String
        package let password: String
        /// Where the rider delivers; missing or empty: everywhere.
        package let areaCodes: [String]?

        enum CodingKeys: String, CodingKey {
            case name, email, password
            case areaCodes = "area_codes"
        }
    }

    /// - Parameters:
    ///   - session: the operator's.
    ///   - client: who asks, as `Request.client` names them.
    /// - Throws: `DeliveryError.forbidden` for everybody but an operator; 400 for a field, 409/1405 for an address that is
    ///   taken.
    package func registerRider(
        _ registration: RiderRegistration, session: String?, from client: String
    ) async throws -> Rider {
        // Whoever may not is told so before anything is looked at and a scrypt is spent.
        try await database.read { db in try Self.requireOperator(session: session, in: db) }
        let name = try AccountRules.text(registration.name, "name", longest: 50)
        let email = try AccountRules.email(registration.email)
        let password = try AccountRules.password(registration.password)
        let area = try Area.check(registration.areaCodes ?? [], "area_codes")
        let hash = try await newHash(password, from: client)
        return try await database.write { db in
            try Self.requireOperator(session: session, in: db)
            let id = try AccountRecords.insertStoreUser(
                storeID: nil, email: email, password: hash, role: .rider, at: .now, in: db)
            try RiderRecords.insert(user: id, name: name, area: area, in: db)
            guard let user = try AccountRecords.storeUser(id, in: db)?.user else { throw DeliveryError.forbidden }
            return Rider(user: user, name: name, area: area)
        }
    }

    private static func requireOperator(session: String?, in db: Connection) throws {
        do {
            _ = try storeOperator(session: session, in: db)
        } catch is DeliveryError {
            throw DeliveryError.forbidden
        }
    }

    /// The rider whose session this is.
    /// - Throws: `DeliveryError` 401; 403 for everybody else.
    package static func storeRider(session: String?, in db: Connection) throws -> Rider {
        guard let rider = try rider(storeAccount(session: session, in: db), in: db) else {
            throw DeliveryError.forbidden
        }
        return rider
    }

    /// nil for who is no rider.
    package static func rider(_ account: StoreAccount, in db: Connection) throws -> Rider? {
        guard account.isRider, let found = try RiderRecords.find(account.user.id, in: db) else { return nil }
        return Rider(user: account.user, name: found.name, area: found.area)
    }
}
