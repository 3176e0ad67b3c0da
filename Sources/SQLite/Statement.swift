import CSQLite

/// A prepared statement. It belongs to its connection's cache; code outside of this module only binds to it.
@usableFromInline
package final class Statement {
    let handle: OpaquePointer
    /// Changes nothing (sqlite.org/c3ref/stmt_readonly.html).
    @usableFromInline let isReadOnly: Bool
    let parameterCount: Int32
    var isInUse = false
    /// A bound value is large enough to be given back after use.
    private var holdsLargeValue = false

    private static let largeValue = 1024

    /// Fails on a text that is empty or holds more than one statement.
    init(_ sql: SQL, on database: OpaquePointer) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let (result, isSingle) = sql.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) { text in
                var tail: UnsafePointer<CChar>?
                let result = sqlite3_prepare_v3(
                    database, text.baseAddress, Int32(clamping: text.count), UInt32(SQLITE_PREPARE_PERSISTENT),
                    &prepared,
                    &tail)
                return (result, Self.isBlank(text, from: tail))
            }
        }
        guard result == SQLITE_OK else { throw SQLiteError(result, of: database, sql: sql.text) }
        guard let prepared else { throw SQLiteError(.misuse, "the text holds no statement", sql: sql.text) }
        guard isSingle else {
            sqlite3_finalize(prepared)
            throw SQLiteError(.misuse, "the text holds more than one statement", sql: sql.text)
        }
        handle = prepared
        isReadOnly = sqlite3_stmt_readonly(prepared) != 0
        parameterCount = sqlite3_bind_parameter_count(prepared)
    }

    deinit { sqlite3_finalize(handle) }

    private static func isBlank(_ text: UnsafeBufferPointer<CChar>, from tail: UnsafePointer<CChar>?) -> Bool {
        guard let base = text.baseAddress, let tail else { return true }
        return text[min(tail - base, text.count)...].allSatisfy { [0x20, 0x09, 0x0a, 0x0d, 0x3b].contains($0) }
    }

    /// True: there is a row. False: done.
    @usableFromInline
    func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let result: throw failure(result)
        }
    }

    /// Makes it ready for its next use; drops large values, keeps the memory of small ones.
    func reset() {
        sqlite3_reset(handle)
        if holdsLargeValue {
            sqlite3_clear_bindings(handle)
            holdsLargeValue = false
        }
    }

    @usableFromInline
    var row: Row { Row(statement: handle, count: sqlite3_data_count(handle)) }

    @usableFromInline
    func check(_ result: Int32) throws(SQLiteError) {
        if result != SQLITE_OK { throw failure(result) }
    }

    /// Every placeholder needs its value: an unbound one would keep that of an earlier use.
    @usableFromInline
    func check(bound count: Int32) throws(SQLiteError) {
        guard count == parameterCount else {
            throw SQLiteError(.range, "\(count) values for \(parameterCount) placeholders", sql: text)
        }
    }

    private var text: String? { sqlite3_sql(handle).map { String(cString: $0) } }

    private func failure(_ result: Int32) -> SQLiteError {
        SQLiteError(result, of: sqlite3_db_handle(handle), sql: text)
    }

    @usableFromInline package func bindNull(at index: Int32) -> Int32 { sqlite3_bind_null(handle, index) }

    @usableFromInline package func bind(_ value: Int64, at index: Int32) -> Int32 {
        sqlite3_bind_int64(handle, index, value)
    }

    package func bind(_ value: Double, at index: Int32) -> Int32 { sqlite3_bind_double(handle, index, value) }

    package func bind(text: UnsafeRawBufferPointer, at index: Int32) -> Int32 {
        if text.count > Self.largeValue { holdsLargeValue = true }
        // A null pointer would mean NULL and not the empty text.
        guard let base = text.baseAddress, text.count > 0 else {
            return delivery_sqlite_bind_static_text(handle, index, "", 0)
        }
        return delivery_sqlite_bind_text(handle, index, base.assumingMemoryBound(to: CChar.self), UInt64(text.count))
    }

    func bind(literal text: UnsafeRawBufferPointer, at index: Int32) -> Int32 {
        guard let base = text.baseAddress, text.count > 0 else { return bind(text: text, at: index) }
        return delivery_sqlite_bind_static_text(
            handle, index, base.assumingMemoryBound(to: CChar.self), UInt64(text.count))
    }

    package func bind(blob: UnsafeRawBufferPointer, at index: Int32) -> Int32 {
        if blob.count > Self.largeValue { holdsLargeValue = true }
        guard let base = blob.baseAddress, blob.count > 0 else { return sqlite3_bind_zeroblob(handle, index, 0) }
        return delivery_sqlite_bind_blob(handle, index, base, UInt64(blob.count))
    }
}
