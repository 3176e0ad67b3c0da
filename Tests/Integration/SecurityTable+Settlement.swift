extension SecurityTable {
    static let settlementRows: [SecurityRow] = []
}
