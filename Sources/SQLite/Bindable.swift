import CSQLite

/// A value that can be bound to a placeholder.
@usableFromInline
package protocol Bindable {
    /// Returns SQLite's result code.
    func bind(to statement: Statement, at index: Int32) -> Int32
}

/// NULL, where no type can be inferred for `nil`.
@usableFromInline
package struct Null: Bindable, Sendable {
    @inlinable package init() {}
    @inlinable package func bind(to statement: Statement, at index: Int32) -> Int32 { statement.bindNull(at: index) }
}

/// UTF-8 octets that are stored as TEXT without becoming a String. They are not validated.
package struct UTF8Text: Bindable, Sendable {
    package var octets: [UInt8]
    package init(_ octets: [UInt8]) { self.octets = octets }
    @usableFromInline package func bind(to statement: Statement, at index: Int32) -> Int32 {
        octets.withUnsafeBytes { statement.bind(text: $0, at: index) }
    }
}

extension Int64: Bindable {
    @inlinable package func bind(to statement: Statement, at index: Int32) -> Int32 { statement.bind(self, at: index) }
}

extension Int: Bindable {
    @inlinable package func bind(to statement: Statement, at index: Int32) -> Int32 {
        statement.bind(Int64(self), at: index)
    }
}

extension Int32: Bindable {
    @inlinable package func bind(to statement: Statement, at index: Int32) -> Int32 {
        statement.bind(Int64(self), at: index)
    }
}

/// Stored as 0 or 1.
extension Bool: Bindable {
    @inlinable package func bind(to statement: Statement, at index: Int32) -> Int32 {
        statement.bind(self ? 1 as Int64 : 0, at: index)
    }
}

/// SQLite stores NaN as NULL.
extension Double: Bindable {
    @usableFromInline package func bind(to statement: Statement, at index: Int32) -> Int32 {
        statement.bind(self, at: index)
    }
}

extension String: Bindable {
    @usableFromInline package func bind(to statement: Statement, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { statement.bind(text: UnsafeRawBufferPointer($0), at: index) }
    }
}

extension Substring: Bindable {
    @usableFromInline package func bind(to statement: Statement, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { statement.bind(text: UnsafeRawBufferPointer($0), at: index) }
    }
}

/// Bound without a copy.
extension StaticString: Bindable {
    @usableFromInline package func bind(to statement: Statement, at index: Int32) -> Int32 {
        guard hasPointerRepresentation else { return description.bind(to: statement, at: index) }
        return statement.bind(literal: UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount), at: index)
    }
}

extension Array: Bindable where Element == UInt8 {
    @usableFromInline package func bind(to statement: Statement, at index: Int32) -> Int32 {
        withUnsafeBytes { statement.bind(blob: $0, at: index) }
    }
}

extension ArraySlice: Bindable where Element == UInt8 {
    @usableFromInline package func bind(to statement: Statement, at index: Int32) -> Int32 {
        withUnsafeBytes { statement.bind(blob: $0, at: index) }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    @inlinable package func bind(to statement: Statement, at index: Int32) -> Int32 {
        guard let self else { return statement.bindNull(at: index) }
        return self.bind(to: statement, at: index)
    }
}
