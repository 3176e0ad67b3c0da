extension SecurityTable {
    static let apiDocumentRows: [SecurityRow] = []
    static let adminDocumentRows: [SecurityRow] = []
}
