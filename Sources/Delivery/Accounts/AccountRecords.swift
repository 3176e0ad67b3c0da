import SQLite

/// The rows of customers, store users and tokens.
enum AccountRecords {
    // MARK: - Customers

    static func insertCustomer(
        name: String, email: String, address: String, password: PasswordHash, at time: Timestamp, in db: Connection
    ) throws -> Int {
        do {
            try db.run(
                """
                INSERT INTO customer(name, email, address, password, status, registered_at)
                VALUES (?, ?, ?, ?, 'REGISTERED', ?)
                """, name, email, address, password.text, time.milliseconds)
        } catch  where error.isUnique {
            throw DeliveryError.emailTaken
        }
        return Int(db.lastInsertRowID)
    }

    static func customer(_ id: Int, in db: Connection) throws -> Customer? {
        try db.first(
            "SELECT id, name, email, address, status, registered_at FROM customer WHERE id = ?", id
        ) { row in
            Customer(
                id: try row.int(0), name: try row.text(1), email: try row.text(2), address: try row.text(3),
                status: try accountStatus(row, 4), registeredAt: Timestamp(milliseconds: try row.int(5)))
        }
    }

    static func customerLogin(email: String, in db: Connection) throws -> (id: Int, password: PasswordHash)? {
        try db.first("SELECT id, password FROM customer WHERE email = ? AND status = 'REGISTERED'", email) { row in
            (try row.int(0), PasswordHash(text: try row.text(1)))
        }
    }

    // MARK: - Store users

    static func insertStoreUser(
        storeID: Int?, email: String, password: PasswordHash, role: StoreUser.Role, at time: Timestamp,
        in db: Connection
    ) throws -> Int {
        do {
            try db.run(
                """
                INSERT INTO store_user(store_id, email, password, status, role, registered_at)
                VALUES (?, ?, ?, 'REGISTERED', ?, ?)
                """, storeID, email, password.text, role.rawValue, time.milliseconds)
        } catch  where error.isUnique {
            throw DeliveryError.emailTaken
        }
        return Int(db.lastInsertRowID)
    }

    static func storeUser(_ id: Int, in db: Connection) throws -> StoreAccount? {
        try db.first(
            """
            SELECT u.id, u.store_id, u.email, u.status, u.role, u.registered_at, s.name
            FROM store_user u LEFT JOIN store s ON s.id = u.store_id WHERE u.id = ?
            """, id
        ) { row in
            StoreAccount(
                user: StoreUser(
                    id: try row.int(0), storeID: try row.optionalInt(1), email: try row.text(2),
                    status: try accountStatus(row, 3),
                    // A role that this version does not know may do nothing special.
                    role: StoreUser.Role(rawValue: try row.text(4)) ?? .user,
                    registeredAt: Timestamp(milliseconds: try row.int(5))),
                storeName: try row.optionalText(6))
        }
    }

    static func storeUserLogin(email: String, in db: Connection) throws -> (id: Int, password: PasswordHash)? {
        try db.first("SELECT id, password FROM store_user WHERE email = ? AND status = 'REGISTERED'", email) { row in
            (try row.int(0), PasswordHash(text: try row.text(1)))
        }
    }

    /// A status that this version does not know must not log anybody in.
    private static func accountStatus(_ row: borrowing Row, _ column: Int) throws -> AccountStatus {
        AccountStatus(rawValue: try row.text(column)) ?? .unregistered
    }

    // MARK: - Tokens

    static func insertToken(
        _ hash: [UInt8], _ kind: TokenKind, owner: Int, expires: Timestamp, in db: Connection
    ) throws {
        try db.run(
            "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, ?, ?, ?)", hash, kind.rawValue, owner,
            expires.milliseconds)
    }

    static func token(
        _ hash: [UInt8], _ kind: TokenKind, in db: Connection
    ) throws -> (owner: Int, expires: Timestamp)? {
        try db.first("SELECT owner_id, expires_at FROM token WHERE hash = ? AND kind = ?", hash, kind.rawValue) { row in
            (try row.int(0), Timestamp(milliseconds: try row.int(1)))
        }
    }

    /// Until when whatever an event stream may live by holds: a session or an access token.
    static func streamToken(_ hash: [UInt8], in db: Connection) throws -> Timestamp? {
        try db.first(
            "SELECT expires_at FROM token WHERE hash = ? AND kind IN ('SESSION', 'USER_SESSION', 'ACCESS')", hash
        ) { row in Timestamp(milliseconds: try row.int(0)) }
    }

    static func extendToken(_ hash: [UInt8], to expires: Timestamp, in db: Connection) throws {
        try db.run("UPDATE token SET expires_at = ? WHERE hash = ?", expires.milliseconds, hash)
    }

    /// - Returns: whether there was one.
    @discardableResult
    static func deleteToken(_ hash: [UInt8], _ kind: TokenKind, in db: Connection) throws -> Bool {
        try db.run("DELETE FROM token WHERE hash = ? AND kind = ?", hash, kind.rawValue) > 0
    }

    /// Ends every session of a store user.
    static func deleteSessions(of owner: Int, in db: Connection) throws {
        try db.run("DELETE FROM token WHERE kind = 'SESSION' AND owner_id = ?", owner)
    }

    /// Drops a few tokens that expired before `time`, the oldest first.
    /// - Returns: how many.
    static func pruneTokens(before time: Timestamp, most: Int, in db: Connection) throws -> Int {
        try db.run(
            "DELETE FROM token WHERE hash IN (SELECT hash FROM token WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
            time.milliseconds, most)
    }
}

enum TokenKind: String, Sendable {
    case access = "ACCESS"
    case refresh = "REFRESH"
    /// Of store users.
    case session = "SESSION"
    /// Of customers.
    case userSession = "USER_SESSION"
}
