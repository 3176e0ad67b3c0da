import Support

extension SecurityTable {
    /// Everybody asks for their own; there is no name by which to ask for another's.
    static let webhookRows = [
        SecurityRow("GET", "/api/user/webhook", .customers(ok)),
        SecurityRow("DELETE", "/api/user/webhook", .customers(ok)),
        // Who asks comes before what is asked.
        SecurityRow("PUT", "/api/user/webhook", body: [:], .customers(Answer(400, 400))),
        SecurityRow("PUT", "/api/user/webhook", body: ["url": "ftp://a/"], .customers(Answer(400, 400))),
        SecurityRow("PUT", "/api/user/webhook", body: ["url": "http://127.0.0.1/"], .customers(Answer(400, 400))),
    ]
}
