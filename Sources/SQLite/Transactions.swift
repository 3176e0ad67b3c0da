import CSQLite

/// How much of the open commit group is to be undone if its present member fails.
enum Member {
    /// No group is open.
    case none
    /// It changed nothing yet.
    case untouched
    /// It changed something, and it is the first of the group that did: undoing it is undoing everything.
    case bare
    /// It changed something, behind a savepoint.
    case savepoint
}

struct Callback {
    var key: ObjectIdentifier?
    var call: @Sendable () -> Void
}

extension Connection {
    package enum TransactionKind: Sendable {
        /// Takes the snapshot with its first read.
        case deferred
        /// Takes the write lock at once.
        case immediate
    }

    /// Whether SQLite has a transaction open. Some errors (FULL, IOERR, NOMEM) roll back all of it, not a statement
    /// (sqlite.org/lang_transaction.html, section 3).
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Runs `body` in a transaction of its own: committed when it returns, rolled back when it throws. For a connection
    /// outside of a `Database`; inside of one everything already is in a transaction.
    @discardableResult
    package func transaction<Result>(_ kind: TransactionKind = .immediate, _ body: () throws -> Result) throws -> Result
    {
        guard !expectsTransaction else { throw SQLiteError(.misuse, "a transaction inside a transaction") }
        try begin(kind)
        do {
            let result = try body()
            try requireTransaction()
            try commit()
            for callback in takeCallbacks() { callback.call() }
            return result
        } catch {
            rollback()
            throw error
        }
    }

    /// Runs `body` so that its changes are undone when it throws, while those before it stay. Inside a transaction.
    @discardableResult
    package func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
        guard expectsTransaction else { throw SQLiteError(.misuse, "a savepoint outside of a transaction") }
        // The member's own savepoint must lie below this one.
        try beforeStatement(isReadOnly: false)
        let mark = callbacks.count
        try control("SAVEPOINT inner_part")
        do {
            let result = try body()
            try requireTransaction()
            try control("RELEASE inner_part")
            return result
        } catch {
            if isInTransaction {
                try control("ROLLBACK TO inner_part")
                try control("RELEASE inner_part")
            }
            callbacks.removeSubrange(min(mark, callbacks.count)...)
            throw error
        }
    }

    /// Calls `body` once after the open transaction is committed; never, if it is not. Inside a `Database` it runs on
    /// the writer's thread, in the order of the transactions, before their callers get their answers: it must be short.
    package func afterCommit(_ body: @escaping @Sendable () -> Void) {
        guard expectsTransaction else { return body() }
        callbacks.append(Callback(key: nil, call: body))
    }

    /// The same, but at most once in a commit for each `key`, however many transactions of the commit ask for it.
    package func afterCommit(once key: AnyObject, _ body: @escaping @Sendable () -> Void) {
        guard expectsTransaction else { return body() }
        let key = ObjectIdentifier(key)
        if !callbacks.contains(where: { $0.key == key }) { callbacks.append(Callback(key: key, call: body)) }
    }
}

extension Connection {
    func begin(_ kind: TransactionKind) throws(SQLiteError) {
        try control(kind == .immediate ? "BEGIN IMMEDIATE" : "BEGIN")
        expectsTransaction = true
        groupHasChanges = false
        callbacks.removeAll(keepingCapacity: true)
    }

    /// When it throws, the caller rolls back.
    func commit() throws(SQLiteError) {
        try control("COMMIT")
        expectsTransaction = false
        member = .none
    }

    func rollback() {
        // It can fail only when SQLite has rolled back by itself.
        if isInTransaction { try? control("ROLLBACK") }
        expectsTransaction = false
        groupHasChanges = false
        member = .none
        callbacks.removeAll(keepingCapacity: true)
    }

    func takeCallbacks() -> [Callback] {
        if callbacks.isEmpty { return [] }
        defer { callbacks = [] }
        return callbacks
    }

    /// Runs one of the statements that the authorizer keeps for this module.
    func control(_ sql: SQL) throws(SQLiteError) {
        hooks.pointee.mayControl = true
        defer { hooks.pointee.mayControl = false }
        let statement = try prepared(sql)
        defer { release(statement) }
        _ = try statement.step()
    }

    func requireTransaction() throws(SQLiteError) {
        guard isInTransaction else {
            throw SQLiteError(
                extendedCode: SQLITE_ABORT | 2 << 8, message: "the transaction was rolled back by an earlier error")
        }
    }

    /// Comes before each statement: none may run outside of the transaction that its caller believes in, and the first
    /// that changes something needs the member's savepoint.
    func beforeStatement(isReadOnly: Bool) throws(SQLiteError) {
        guard expectsTransaction else { return }
        try requireTransaction()
        guard !isReadOnly, case .untouched = member else { return }
        if groupHasChanges {
            try control("SAVEPOINT group_member")
            member = .savepoint
        } else {
            member = .bare
            groupHasChanges = true
        }
    }

    /// Starts the next member of the open group; returns a mark for `undoMember`.
    func beginMember() -> Int {
        member = .untouched
        return callbacks.count
    }

    /// The member succeeded. Throws if it lost the transaction on its way, or left a deferred foreign key open, which
    /// would make the whole group's COMMIT fail.
    func keepMember() throws(SQLiteError) {
        try requireTransaction()
        switch member {
        case .none, .untouched: break
        case .bare: try requireForeignKeys()
        case .savepoint:
            try requireForeignKeys()
            try control("RELEASE group_member")
        }
        member = .untouched
    }

    /// The member failed. False: the whole group is lost.
    func undoMember(_ mark: Int) -> Bool {
        guard isInTransaction else { return false }
        do {
            switch member {
            case .none, .untouched: break
            case .bare:
                try control("ROLLBACK")
                try control("BEGIN IMMEDIATE")
                groupHasChanges = false
            case .savepoint:
                try control("ROLLBACK TO group_member")
                try control("RELEASE group_member")
            }
        } catch {
            return false
        }
        member = .untouched
        callbacks.removeSubrange(min(mark, callbacks.count)...)
        return true
    }

    private func requireForeignKeys() throws(SQLiteError) {
        var open: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &highest, 0)
        guard open == 0 else {
            throw SQLiteError(
                extendedCode: SQLITE_CONSTRAINT | 3 << 8, message: "FOREIGN KEY constraint failed (deferred)")
        }
    }
}
