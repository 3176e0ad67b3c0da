import CSQLite

/// What went wrong in SQLite or in this module, with the SQL text and never with a value that was bound to it.
@usableFromInline
package struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A primary result code (sqlite.org/rescode.html); negative ones are this module's own.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let error = Code(rawValue: SQLITE_ERROR)
        package static let abort = Code(rawValue: SQLITE_ABORT)
        package static let busy = Code(rawValue: SQLITE_BUSY)
        package static let locked = Code(rawValue: SQLITE_LOCKED)
        package static let outOfMemory = Code(rawValue: SQLITE_NOMEM)
        package static let readOnly = Code(rawValue: SQLITE_READONLY)
        package static let io = Code(rawValue: SQLITE_IOERR)
        package static let corrupt = Code(rawValue: SQLITE_CORRUPT)
        package static let full = Code(rawValue: SQLITE_FULL)
        package static let cannotOpen = Code(rawValue: SQLITE_CANTOPEN)
        package static let tooBig = Code(rawValue: SQLITE_TOOBIG)
        package static let constraint = Code(rawValue: SQLITE_CONSTRAINT)
        package static let mismatch = Code(rawValue: SQLITE_MISMATCH)
        package static let misuse = Code(rawValue: SQLITE_MISUSE)
        package static let notAuthorized = Code(rawValue: SQLITE_AUTH)
        package static let range = Code(rawValue: SQLITE_RANGE)
        package static let notADatabase = Code(rawValue: SQLITE_NOTADB)

        /// The database handle was closed.
        package static let closed = Code(rawValue: -1)
        /// The queue of waiting transactions is full.
        package static let overloaded = Code(rawValue: -2)
        /// The file's schema version is newer than this program's.
        package static let schemaTooNew = Code(rawValue: -3)
        /// A query that must give a row gave none.
        package static let noRow = Code(rawValue: -4)
    }

    package var code: Code
    /// The extended result code, for example `SQLITE_CONSTRAINT_UNIQUE`; equal to `code` where there is none.
    package var extendedCode: Int32
    package var message: String
    /// The statement, with its placeholders.
    package var sql: String?

    package init(_ code: Code, _ message: String, sql: String? = nil) {
        self.code = code
        extendedCode = code.rawValue
        self.message = message
        self.sql = sql
    }

    package init(extendedCode: Int32, message: String, sql: String? = nil) {
        code = Code(rawValue: extendedCode < 0 ? extendedCode : extendedCode & 0xff)
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    /// The last error of a connection; `result` is what the failed call returned.
    init(_ result: Int32, of database: OpaquePointer?, sql: String? = nil) {
        let extended = database.map { sqlite3_extended_errcode($0) } ?? result
        // The connection remembers its last failed call only: for any other one the code speaks for itself.
        let same = extended & 0xff == result & 0xff
        let text = (same ? database.flatMap { sqlite3_errmsg($0) } : nil) ?? sqlite3_errstr(result)
        self.init(
            extendedCode: same ? extended : result, message: text.map { String(cString: $0) } ?? "unknown error",
            sql: sql)
    }

    /// A failed system call on `path`.
    static func system(_ code: Code, _ action: String, _ path: String, errno number: Int32) -> SQLiteError {
        SQLiteError(code, "cannot \(action) \(path): \(systemMessage(number))")
    }

    @usableFromInline package var description: String {
        let origin = sql.map { " in: \($0)" } ?? ""
        return "SQLite \(extendedCode): \(message)\(origin)"
    }
}

extension SQLiteError {
    /// Somebody else holds the lock; the same call may succeed later.
    package var isBusy: Bool { code == .busy || code == .locked }
    package var isConstraint: Bool { code == .constraint }
    /// A UNIQUE, PRIMARY KEY or rowid conflict.
    package var isUnique: Bool {
        extendedCode == SQLITE_CONSTRAINT | 8 << 8 || extendedCode == SQLITE_CONSTRAINT | 6 << 8
            || extendedCode == SQLITE_CONSTRAINT | 10 << 8
    }
    package var isForeignKey: Bool { extendedCode == SQLITE_CONSTRAINT | 3 << 8 }
    package var isNotNull: Bool { extendedCode == SQLITE_CONSTRAINT | 5 << 8 }
    package var isCheck: Bool { extendedCode == SQLITE_CONSTRAINT | 1 << 8 }
    package var isFull: Bool { code == .full }
    package var isReadOnly: Bool { code == .readOnly }
    /// The file is damaged, or is no database.
    package var isCorrupt: Bool { code == .corrupt || code == .notADatabase }
    package var isIO: Bool { code == .io }
    package var isOutOfMemory: Bool { code == .outOfMemory }
    package var isOverloaded: Bool { code == .overloaded }
    package var isClosed: Bool { code == .closed }
    package var isMismatch: Bool { code == .mismatch }

    /// The file or its disk does not take changes, and not only for a moment.
    var isOfStorage: Bool { isFull || isReadOnly || isIO || isCorrupt || code == .cannotOpen }

    /// Nothing was stored, and the reason lies in the storage and not in the request: worth a 503.
    package var isUnavailable: Bool {
        switch code {
        case .busy, .locked, .outOfMemory, .readOnly, .io, .corrupt, .notADatabase, .full, .cannotOpen, .closed,
            .overloaded, .abort:
            true
        default: false
        }
    }
}
