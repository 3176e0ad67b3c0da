import Support

extension SecurityTable {
    static let customerRows: [SecurityRow] =
        [
            SecurityRow("GET", "/", .everybody(file)),
            SecurityRow("POST", "/login", body: login, .everybody(Answer(401, 1406))),
            SecurityRow("POST", "/logout", .everybody(ok)),
            SecurityRow("POST", "/open-api/user/logout", body: ["refresh_token": "x"], .everybody(ok)),
            SecurityRow("POST", "/open-api/user/logout", body: [:], .everybody(Answer(400, 400))),
            SecurityRow("GET", "/api/sse/connect", .customers(file)),
            SecurityRow(
                "GET", "/api/sse/connect", path: "/api/sse/connect?last_event_id=x", .customers(Answer(400, 400))),
        ] + ["cancel", "confirm"].flatMap(steps)

    /// One's own has ended, so that nobody changes it for the next caller.
    private static func steps(_ action: String) -> [SecurityRow] {
        ["9999", "0", "x"].map { id in
            SecurityRow(
                "POST", "/api/user-order/{id}/\(action)", path: "/api/user-order/\(id)/\(action)",
                .customers(.noOrder))
        } + [
            SecurityRow(
                "POST", "/api/user-order/{id}/\(action)",
                path: "/api/user-order/\(SecurityFixture.endedOrder)/\(action)",
                .customers(Answer(409, 3001), other: .noOrder))
        ]
    }
}
