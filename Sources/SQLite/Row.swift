import CSQLite

/// One row of a result, readable only inside the closure that got it: it cannot be copied or stored.
///
/// Columns count from 0. Each function throws `range` for a column that is not there and `mismatch` for another storage
/// class than the one asked for (sqlite.org/datatype3.html): nothing is converted, and NULL needs the optional variant.
@usableFromInline
package struct Row: ~Copyable {
    private let statement: OpaquePointer
    private let columns: Int32

    init(statement: OpaquePointer, count: Int32) {
        self.statement = statement
        columns = count
    }

    package var count: Int { Int(columns) }

    package func isNull(_ column: Int) throws(SQLiteError) -> Bool { try type(of: column) == SQLITE_NULL }

    package func int64(_ column: Int) throws(SQLiteError) -> Int64 {
        try require(SQLITE_INTEGER, at: column)
        return sqlite3_column_int64(statement, Int32(truncatingIfNeeded: column))
    }

    package func int(_ column: Int) throws(SQLiteError) -> Int {
        Int(truncatingIfNeeded: try int64(column))
    }

    /// False for 0, true for any other integer.
    package func bool(_ column: Int) throws(SQLiteError) -> Bool { try int64(column) != 0 }

    /// A REAL or an INTEGER.
    package func double(_ column: Int) throws(SQLiteError) -> Double {
        let type = try type(of: column)
        guard type == SQLITE_FLOAT || type == SQLITE_INTEGER else { throw mismatch(type, at: column, "REAL") }
        return sqlite3_column_double(statement, Int32(truncatingIfNeeded: column))
    }

    /// Octets that are not UTF-8 become U+FFFD; a NUL inside is kept.
    package func text(_ column: Int) throws(SQLiteError) -> String {
        try require(SQLITE_TEXT, at: column)
        return String(decoding: try octets(column, isText: true), as: UTF8.self)
    }

    /// A copy of the octets of a TEXT or BLOB.
    package func bytes(_ column: Int) throws(SQLiteError) -> [UInt8] {
        Array(try anyOctets(column))
    }

    /// The octets of a TEXT (UTF-8, but not validated) or BLOB without a copy; the pointer is valid inside `body` only.
    package func withBytes<Result>(
        _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        try body(UnsafeRawBufferPointer(try anyOctets(column)))
    }

    package func optionalInt64(_ column: Int) throws(SQLiteError) -> Int64? {
        try isNull(column) ? nil : int64(column)
    }

    package func optionalInt(_ column: Int) throws(SQLiteError) -> Int? { try isNull(column) ? nil : int(column) }

    package func optionalDouble(_ column: Int) throws(SQLiteError) -> Double? {
        try isNull(column) ? nil : double(column)
    }

    package func optionalText(_ column: Int) throws(SQLiteError) -> String? { try isNull(column) ? nil : text(column) }

    package func optionalBytes(_ column: Int) throws(SQLiteError) -> [UInt8]? {
        try isNull(column) ? nil : Array(try anyOctets(column))
    }

    private func type(of column: Int) throws(SQLiteError) -> Int32 {
        guard column >= 0, column < Int(columns) else {
            throw SQLiteError(.range, "no column \(column) in a row of \(columns)", sql: sql)
        }
        return sqlite3_column_type(statement, Int32(truncatingIfNeeded: column))
    }

    private func require(_ expected: Int32, at column: Int) throws(SQLiteError) {
        let type = try type(of: column)
        guard type == expected else { throw mismatch(type, at: column, Self.name(ofType: expected)) }
    }

    private func anyOctets(_ column: Int) throws(SQLiteError) -> UnsafeBufferPointer<UInt8> {
        let type = try type(of: column)
        guard type == SQLITE_TEXT || type == SQLITE_BLOB else { throw mismatch(type, at: column, "TEXT or BLOB") }
        return try octets(column, isText: type == SQLITE_TEXT)
    }

    /// The column is known to exist and to hold a TEXT or BLOB.
    private func octets(_ column: Int, isText: Bool) throws(SQLiteError) -> UnsafeBufferPointer<UInt8> {
        let column = Int32(truncatingIfNeeded: column)
        let start =
            isText
            ? sqlite3_column_text(statement, column)
            : sqlite3_column_blob(statement, column)?.assumingMemoryBound(to: UInt8.self)
        // The length is asked for after the pointer: SQLite may have to convert from UTF-16 first.
        let count = Int(sqlite3_column_bytes(statement, column))
        guard let start else {
            // No pointer is also the empty BLOB.
            if isText || count > 0 { throw SQLiteError(.outOfMemory, "out of memory", sql: sql) }
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(start: start, count: count)
    }

    private var sql: String? { sqlite3_sql(statement).map { String(cString: $0) } }

    private func mismatch(_ type: Int32, at column: Int, _ expected: String) -> SQLiteError {
        let name = sqlite3_column_name(statement, Int32(truncatingIfNeeded: column)).map { String(cString: $0) } ?? ""
        return SQLiteError(
            .mismatch, "column \(column) (\(name)) holds \(Self.name(ofType: type)), not \(expected)", sql: sql)
    }

    private static func name(ofType type: Int32) -> String {
        switch type {
        case SQLITE_INTEGER: "INTEGER"
        case SQLITE_FLOAT: "REAL"
        case SQLITE_TEXT: "TEXT"
        case SQLITE_BLOB: "BLOB"
        default: "NULL"
        }
    }
}
