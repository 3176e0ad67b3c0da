extension SecurityTable {
    static let storeRows: [SecurityRow] = []
}
