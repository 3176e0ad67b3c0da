/// Prepared statements of one connection. Literals are found by their address, which costs no hashing of the text; their
/// number is bounded by the program. Texts made at run time are found by content and are few: the cache drops idle ones
/// when there are more than `dynamicLimit`.
struct StatementCache {
    private static let dynamicLimit = 64

    private var addresses: [UInt]
    private var literals: [Statement?]
    private var literalCount = 0
    private var dynamic: [String: Statement] = [:]

    init() {
        addresses = Array(repeating: 0, count: 64)
        literals = Array(repeating: nil, count: 64)
    }

    func find(_ sql: SQL) -> Statement? {
        guard let literal = sql.literal else { return dynamic[sql.dynamic] }
        return literals[slot(of: UInt(bitPattern: literal.utf8Start))]
    }

    mutating func insert(_ statement: Statement, for sql: SQL) {
        guard let literal = sql.literal else {
            if dynamic.count >= Self.dynamicLimit { dynamic = dynamic.filter { $0.value.isInUse } }
            dynamic[sql.dynamic] = statement
            return
        }
        if literalCount * 2 >= literals.count { grow() }
        place(statement, at: UInt(bitPattern: literal.utf8Start))
    }

    mutating func removeAll() { self = StatementCache() }

    /// Where the address is or belongs; the table is never full.
    private func slot(of address: UInt) -> Int {
        let mask = addresses.count - 1
        var index = Int(truncatingIfNeeded: (address &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while addresses[index] != address && addresses[index] != 0 { index = (index + 1) & mask }
        return index
    }

    private mutating func place(_ statement: Statement, at address: UInt) {
        let index = slot(of: address)
        if addresses[index] == 0 { literalCount += 1 }
        addresses[index] = address
        literals[index] = statement
    }

    private mutating func grow() {
        let old = (addresses, literals)
        addresses = Array(repeating: 0, count: old.0.count * 2)
        literals = Array(repeating: nil, count: old.0.count * 2)
        literalCount = 0
        for (address, statement) in zip(old.0, old.1) {
            if let statement { place(statement, at: address) }
        }
    }
}
