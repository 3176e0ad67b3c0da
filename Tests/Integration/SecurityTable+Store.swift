import Support

extension SecurityTable {
    static let storeRows = stepRows + settingRows + menuRows

    private static let stepRows: [SecurityRow] = {
        let steps = ["accept", "reject", "start-cooking", "finish-cooking", "start-delivery", "receive-delivery"]
        var rows: [SecurityRow] = []
        for step in steps {
            // An order that is over: nothing can be done to it, whoever asks.
            rows.append(storeStep(step, SecurityFixture.endedOrder, .stores(Answer(409, 3001), other: .noOrder)))
            rows.append(storeStep(step, 9_999, .stores(.noOrder)))
        }
        rows.append(storeStep("accept", own, body: ["prep_minutes": 0], .stores(badBody)))
        rows.append(storeStep("reject", own, body: [:], .stores(badBody)))
        let history = "/api/user-order/history"
        rows.append(SecurityRow("GET", history, path: history + "?query=1&status=RECEIVE", .stores(ok)))
        rows.append(SecurityRow("GET", history, path: history + "?status=x", .stores(badBody)))
        return rows
    }()

    private static let settingRows: [SecurityRow] = [
        SecurityRow("GET", "/api/store/settings", .stores(ok)),
        SecurityRow("PUT", "/api/store/settings", body: ["busy_minutes": 0], .stores(ok)),
        SecurityRow("PUT", "/api/store/settings", body: ["busy_minutes": -1], .stores(badBody)),
        SecurityRow("GET", "/api/store/summary", .stores(ok)),
        SecurityRow("GET", "/api/store/summary", path: "/api/store/summary?day=x", .stores(badBody)),
        SecurityRow("GET", "/ticket/{id}", path: "/ticket/\(own)", .page(file, operator: toDeadLetters)),
        SecurityRow("GET", "/ticket/{id}", path: "/ticket/x", .page(file, operator: toDeadLetters)),
    ]

    private static let menuRows: [SecurityRow] = {
        var rows = [SecurityRow("GET", "/api/store-menu", .stores(ok))]
        // The fifth menu is of store 1, the sixth of store 2.
        let answers = [("5", ok, noMenu), ("6", noMenu, ok), ("0", noMenu, noMenu), ("x", noMenu, noMenu)]
        for step in ["sold-out", "on-sale"] {
            for (id, mine, others) in answers {
                rows.append(
                    SecurityRow(
                        "POST", "/api/store-menu/{id}/\(step)", path: "/api/store-menu/\(id)/\(step)",
                        .stores(mine, other: others)))
            }
        }
        return rows
    }()

    private static let badBody = Answer(400, 400)
    private static let noMenu = Answer(404, 3405)
    private static let toDeadLetters = Answer(303, nil, location: "/dead-letters")

    private static func storeStep(
        _ step: String, _ order: Int, body: JSONValue? = nil, _ rule: SecurityRow.Rule
    ) -> SecurityRow {
        let usual: JSONValue? = step == "reject" ? ["reason": "OTHER"] : nil
        return SecurityRow(
            "POST", "/api/user-order/{id}/\(step)", path: "/api/user-order/\(order)/\(step)", body: body ?? usual, rule)
    }
}
