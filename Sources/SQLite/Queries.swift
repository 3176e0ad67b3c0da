/// A statement is a literal (see `SQL`) with a `?` for each value. It is taken from the cache, and reset however the
/// call ends. All of these throw `SQLiteError`, or what the closure throws.
extension Connection {
    /// Runs a statement to its end, ignoring rows. Returns how many rows an INSERT, UPDATE or DELETE changed.
    @inlinable
    @discardableResult
    package func run<each Value: Bindable>(_ sql: SQL, _ values: repeat each Value) throws(SQLiteError) -> Int {
        let statement = try acquire(sql)
        defer { release(statement) }
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            try statement.check(value.bind(to: statement, at: index))
        }
        try statement.check(bound: index)
        while try statement.step() {}
        return statement.isReadOnly ? 0 : changes
    }

    /// Calls `body` with each row.
    @inlinable
    package func each<each Value: Bindable>(
        _ sql: SQL, _ values: repeat each Value, body: (borrowing Row) throws -> Void
    ) throws {
        let statement = try acquire(sql)
        defer { release(statement) }
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            try statement.check(value.bind(to: statement, at: index))
        }
        try statement.check(bound: index)
        while try statement.step() { try body(statement.row) }
    }

    /// Every row, mapped.
    @inlinable
    package func all<Result, each Value: Bindable>(
        _ sql: SQL, _ values: repeat each Value, map: (borrowing Row) throws -> Result
    ) throws -> [Result] {
        var results: [Result] = []
        try each(sql, repeat each values) { row in results.append(try map(row)) }
        return results
    }

    /// The first row, mapped; nil if there is none. A statement that changes something (RETURNING) runs to its end.
    @inlinable
    package func first<Result, each Value: Bindable>(
        _ sql: SQL, _ values: repeat each Value, map: (borrowing Row) throws -> Result
    ) throws -> Result? {
        let statement = try acquire(sql)
        defer { release(statement) }
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            try statement.check(value.bind(to: statement, at: index))
        }
        try statement.check(bound: index)
        guard try statement.step() else { return nil }
        let result = try map(statement.row)
        if !statement.isReadOnly { while try statement.step() {} }
        return result
    }

    /// The first row, mapped; throws `noRow` if there is none.
    @inlinable
    package func one<Result, each Value: Bindable>(
        _ sql: SQL, _ values: repeat each Value, map: (borrowing Row) throws -> Result
    ) throws -> Result {
        guard let result = try first(sql, repeat each values, map: map) else { throw noRow(sql) }
        return result
    }

    /// Whether there is a row.
    @inlinable
    package func exists<each Value: Bindable>(_ sql: SQL, _ values: repeat each Value) throws -> Bool {
        try first(sql, repeat each values) { _ in true } ?? false
    }

    @usableFromInline
    func noRow(_ sql: SQL) -> SQLiteError { SQLiteError(.noRow, "no row", sql: sql.text) }

    /// Runs a text of many statements, without values: for schemas.
    package func execute(script: String) throws(SQLiteError) {
        try requireOpen()
        try beforeStatement(isReadOnly: false)
        try executeAll(script)
    }
}
