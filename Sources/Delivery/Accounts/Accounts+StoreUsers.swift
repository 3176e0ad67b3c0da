import SQLite

/// Those who work for a store, and operators: registration, sessions, and who may do what.
extension Accounts {
    package struct StoreRegistration: Decodable, Sendable {
        package let storeName: String
        package let email: String
        package let password: String
        package let role: StoreUser.Role

        enum CodingKeys: String, CodingKey {
            case email, password, role
            case storeName = "store_name"
        }
    }

    /// A new store name makes a store with its MASTER; to an existing store only its own MASTER adds users.
    /// - Parameters:
    ///   - session: the caller's session token, when there is one.
    ///   - client: who asks, as `Request.client` names them.
    package func registerStoreUser(
        _ registration: StoreRegistration, session: String?, from client: String
    ) async throws -> StoreMember {
        let storeName = try AccountRules.text(registration.storeName, "store_name", longest: 100)
        let email = try AccountRules.email(registration.email)
        guard registration.role.worksForStore else {
            throw DeliveryError.invalid("role", "nobody registers as \(registration.role.rawValue)")
        }
        let password = try AccountRules.password(registration.password)
        // Whoever may not is told so before a scrypt is spent.
        try await database.read { db in
            if let existing = try StoreRecords.id(name: storeName, in: db) {
                try Self.requireMaster(of: existing, session: session, in: db)
            }
        }
        let hash = try await newHash(password, from: client)
        return try await database.write { db in
            let now = Timestamp.now
            let storeID: Int
            if let existing = try StoreRecords.id(name: storeName, in: db) {
                try Self.requireMaster(of: existing, session: session, in: db)
                storeID = existing
            } else {
                guard registration.role == .master else {
                    throw DeliveryError.invalid("role", "the first user of a new store must be its MASTER")
                }
                storeID = try StoreRecords.insert(Store.new(name: storeName), in: db)
            }
            let id = try AccountRecords.insertStoreUser(
                storeID: storeID, email: email, password: hash, role: registration.role, at: now, in: db)
            guard let member = try AccountRecords.storeUser(id, in: db)?.member else {
                throw DeliveryError.storeNotFound
            }
            return member
        }
    }

    private static func requireMaster(of store: Int, session: String?, in db: Connection) throws {
        let member: StoreMember
        do {
            member = try storeMember(session: session, in: db)
        } catch is DeliveryError {
            throw DeliveryError.forbidden
        }
        guard member.user.role == .master, member.storeID == store else { throw DeliveryError.forbidden }
    }

    /// - Parameters:
    ///   - old: the session that the browser has, which ends.
    ///   - client: who asks, as `Request.client` names them.
    ///   - ended: told on the writer's thread, after the commit, of the event that the old session's streams end by.
    /// - Returns: the token of a new session.
    package func loginStoreUser(
        _ login: Login, replacing old: String?, from client: String,
        ended: @escaping @Sendable (FeedEvent) -> Void = { _ in }
    ) async throws -> String {
        let email = try Self.email(of: login)
        try await operators?.wait(for: email)
        let found = try await database.read { db in try AccountRecords.storeUserLogin(email: email, in: db) }
        let checked = try await check(login.password, found, LoginLimiter.Pair(account: email, client: client))
        let token = try Secrets.token()
        return try await database.write { db in
            guard let user = try AccountRecords.storeUserLogin(email: email, in: db), user == checked else {
                throw DeliveryError.wrongCredentials
            }
            let now = Timestamp.now
            if let old, let event = try Self.end(SessionID(token: old), in: db) { db.afterCommit { ended(event) } }
            try AccountRecords.insertToken(
                Secrets.sha256(token), .session, owner: user.id, expires: now.adding(Self.sessionLifetime), in: db)
            return token
        }
    }

    /// - Parameter ended: told on the writer's thread, after the commit, of the event that the session's streams end by.
    package func logoutStoreUser(
        session: String, ended: @escaping @Sendable (FeedEvent) -> Void = { _ in }
    ) async throws {
        let session = SessionID(token: session)
        try await database.write { db in
            if let event = try Self.end(session, in: db) { db.afterCommit { ended(event) } }
        }
    }

    /// Whose session this is, whether they work for a store or not: part of the caller's own transaction.
    /// - Throws: `DeliveryError` 401.
    package static func storeAccount(session: String?, in db: Connection) throws -> StoreAccount {
        guard let session else { throw DeliveryError.tokenMissing }
        let id = try owner(Secrets.sha256(session), .session, in: db)
        guard let account = try AccountRecords.storeUser(id, in: db), account.user.status == .registered else {
            throw DeliveryError.tokenInvalid
        }
        return account
    }

    /// The store user whose session this is, with their store.
    /// - Throws: `DeliveryError` 401; 403 for those who work for no store.
    package static func storeMember(session: String?, in db: Connection) throws -> StoreMember {
        guard let member = try storeAccount(session: session, in: db).member else { throw DeliveryError.forbidden }
        return member
    }

    /// The operator whose session this is.
    /// - Throws: `DeliveryError` 401; 403 for everybody else.
    package static func storeOperator(session: String?, in db: Connection) throws -> StoreUser {
        let account = try storeAccount(session: session, in: db)
        guard account.isOperator else { throw DeliveryError.forbidden }
        return account.user
    }

    /// Lets a session that is in use live on, at most once a day.
    /// - Returns: whether it was time for that.
    package func renew(session: String) async throws -> Bool { try await renew(session, .session) }

    func renew(_ session: String, _ kind: TokenKind) async throws -> Bool {
        let hash = Secrets.sha256(session)
        let expires = Timestamp.now.adding(Self.sessionLifetime)
        let isDue = try await database.read { db in
            guard let found = try AccountRecords.token(hash, kind, in: db), found.expires > .now else {
                return false
            }
            return found.expires < expires.adding(.seconds(-24 * 60 * 60))
        }
        guard isDue else { return false }
        try await database.write { db in try AccountRecords.extendToken(hash, to: expires, in: db) }
        return true
    }
}
