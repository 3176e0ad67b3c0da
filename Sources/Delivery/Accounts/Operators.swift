import SQLite
import Synchronized

/// Those who look after the system: made from the settings when a service starts, and in no other way. All instances on
/// one database need the same settings; of different ones the last start counts.
package final class Operators: Sendable {
    private struct Waiting {
        var isSettled = false
        var logins: [CheckedContinuation<Void, any Error>] = []
    }

    /// Its place in the queue of the passwords: nobody else's.
    private static let client = "settings"

    private let database: Database
    private let passwords: PasswordWorker
    private let wanted: Accounts.Login?
    private let hasDemoData: Bool
    private let waiting = Lock(Waiting())

    /// - Parameters:
    ///   - wanted: the operator of the settings, with an address and a password that `AccountRules` allow.
    ///   - hasDemoData: the operator of the demo data may log in, too.
    package init(database: Database, passwords: PasswordWorker, wanted: Accounts.Login?, hasDemoData: Bool) {
        self.database = database
        self.passwords = passwords
        self.wanted = wanted
        self.hasDemoData = hasDemoData
    }

    /// Ends the operators whom the settings no longer name, with their sessions, and makes room for the one that they do.
    /// It costs no scrypt, so that it can run before the port opens.
    /// - Throws: `DeliveryError.emailTaken` when the address is a store's user's.
    package func prepare() async throws {
        let (wanted, demo) = (self.wanted?.email, hasDemoData ? DemoData.passwordHash : nil)
        // A start that changes nothing writes nothing: it works on a full disk.
        guard try await database.read({ db in try Self.needsChange(wanted, demo, in: db) }) else { return }
        try await database.write { db in
            for found in try OperatorRecords.all(in: db) where Self.isOver(found, wanted, demo) {
                try OperatorRecords.setStatus(found.id, .unregistered, in: db)
                try AccountRecords.deleteSessions(of: found.id, in: db)
            }
            guard let wanted else { return }
            if let id = try OperatorRecords.find(email: wanted, in: db)?.id {
                try OperatorRecords.setStatus(id, .registered, in: db)
            } else {
                _ = try AccountRecords.insertStoreUser(
                    storeID: nil, email: wanted, password: .nobody, role: .operator, at: .now, in: db)
            }
        }
    }

    private static func needsChange(_ wanted: String?, _ demo: PasswordHash?, in db: Connection) throws -> Bool {
        let all = try OperatorRecords.all(in: db)
        if all.contains(where: { isOver($0, wanted, demo) }) { return true }
        return wanted != nil && !all.contains { $0.email == wanted && $0.status == .registered }
    }

    private static func isOver(_ found: OperatorRecords.Found, _ wanted: String?, _ demo: PasswordHash?) -> Bool {
        guard found.status == .registered, found.email != wanted else { return false }
        return !(found.email == DemoData.operatorEmail && found.password == demo)
    }

    /// Gives the operator the password of the settings. If that is not the one that is stored, their sessions end in the
    /// same commit. It takes as long as one or two logins; one that fails can be tried again.
    ///
    /// May run while the service serves: a login with the operator's address waits for it, so that the old password opens
    /// nothing any more.
    package func settle() async throws {
        do {
            if let wanted { try await setPassword(of: wanted) }
            release(isSettled: true)
        } catch {
            release(isSettled: false)
            throw error
        }
    }

    private func setPassword(of wanted: Accounts.Login) async throws {
        var isSet = false
        while !isSet {
            guard let stored = try await database.read({ db in try OperatorRecords.find(email: wanted.email, in: db) })
            else { return }
            if stored.password != .nobody,
                try await passwords.verify(wanted.password, stored.password, for: Self.client)
            {
                return
            }
            let hash = try await passwords.hash(wanted.password, for: Self.client)
            isSet = try await database.write { db in
                // Another instance may have been faster, with the same password.
                guard try OperatorRecords.setPassword(stored.id, from: stored.password, to: hash, in: db) else {
                    return false
                }
                try AccountRecords.deleteSessions(of: stored.id, in: db)
                return true
            }
        }
    }

    private func release(isSettled: Bool) {
        let logins = waiting.withLock { waiting in
            waiting.isSettled = isSettled
            defer { waiting.logins = [] }
            return waiting.logins
        }
        for login in logins {
            login.resume(with: isSettled ? .success(()) : .failure(DeliveryError.overloaded("the login")))
        }
    }

    /// Returns when whoever has this address may log in.
    /// - Throws: `DeliveryError` 503 when the operator's password could not be stored.
    func wait(for email: String) async throws {
        guard email == wanted?.email else { return }
        try await withCheckedThrowingContinuation { continuation in
            let isSettled = waiting.withLock { waiting in
                if !waiting.isSettled { waiting.logins.append(continuation) }
                return waiting.isSettled
            }
            if isSettled { continuation.resume() }
        }
    }
}

/// The rows of the store users who are operators.
enum OperatorRecords {
    struct Found {
        let id: Int
        let email: String
        let password: PasswordHash
        let status: AccountStatus
    }

    static func all(in db: Connection) throws -> [Found] {
        try db.all(
            "SELECT id, email, password, status FROM store_user WHERE store_id IS NULL AND role = 'OPERATOR'"
        ) { row in try found(row) }
    }

    static func find(email: String, in db: Connection) throws -> Found? {
        try db.first(
            """
            SELECT id, email, password, status FROM store_user
            WHERE email = ? AND store_id IS NULL AND role = 'OPERATOR'
            """, email
        ) { row in try found(row) }
    }

    private static func found(_ row: borrowing Row) throws -> Found {
        Found(
            id: try row.int(0), email: try row.text(1), password: PasswordHash(text: try row.text(2)),
            status: AccountStatus(rawValue: try row.text(3)) ?? .unregistered)
    }

    static func setStatus(_ id: Int, _ status: AccountStatus, in db: Connection) throws {
        try db.run("UPDATE store_user SET status = ? WHERE id = ?", status.rawValue, id)
    }

    /// - Returns: false when the password is no longer `old`.
    static func setPassword(
        _ id: Int, from old: PasswordHash, to new: PasswordHash, in db: Connection
    ) throws -> Bool {
        try db.run("UPDATE store_user SET password = ? WHERE id = ? AND password = ?", new.text, id, old.text) == 1
    }
}
