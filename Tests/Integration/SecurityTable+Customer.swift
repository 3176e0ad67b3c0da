extension SecurityTable {
    static let customerRows: [SecurityRow] = []
}
