extension SecurityTable {
    static let riderRows: [SecurityRow] = []
}
