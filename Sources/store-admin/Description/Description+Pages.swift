import OpenAPI
import Web

extension Description {
    static let pages: [Operation] = [
        Operation(
            .get, "/login", "getLogin", .pages, "The login", parameters: [.known],
            replies: [.page("The page."), .notModified]),
        page("/", "getRoot", "The store owner's page"),
        page("/main", "getMain", "The store owner's page"),
        page(
            "/ticket/{id}", "getTicket", "An order for the kitchen's printer",
            parameters: [.path("id", "The order; the page asks for it.", .string, example: "1")]),
        page("/settlement", "getSettlementPage", "What the store has earned"),
        page("/rider", "getRiderPage", "The rider's page"),
        page("/dead-letters", "getDeadLetters", "The operator's page"),
    ]

    /// A page of those who are logged in.
    private static func page(
        _ path: String, _ id: String, _ summary: String, parameters: [Operation.Parameter] = []
    ) -> Operation {
        Operation(
            .get, path, id, .pages, summary, for: .page, parameters: parameters + [.known],
            replies: [.page("The page."), .notModified, .redirect("To the login, or to one's own page.")])
    }
}
