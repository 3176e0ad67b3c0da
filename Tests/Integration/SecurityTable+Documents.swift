extension SecurityTable {
    static let apiDocumentRows = documents
    static let adminDocumentRows = documents

    private static let documents = [
        SecurityRow("GET", "/openapi.json", .everybody(file)),
        SecurityRow("GET", "/docs", .everybody(file)),
    ]
}
