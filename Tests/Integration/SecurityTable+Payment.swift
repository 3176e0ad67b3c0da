import Support

extension SecurityTable {
    /// The order of the fixture is paid already.
    static let paymentRows = [
        SecurityRow(
            "POST", "/api/user-order/{id}/pay", path: "/api/user-order/\(own)/pay",
            .customers(Answer(409, 3001), other: .noOrder)),
        SecurityRow("POST", "/api/user-order/{id}/pay", path: "/api/user-order/x/pay", .customers(.noOrder)),
    ]
}
