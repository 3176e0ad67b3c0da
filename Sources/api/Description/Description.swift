import OpenAPI
import Web

/// What `api` says of itself at `/openapi.json`: a list of operations for each subject, next to the routes.
enum Description {
    static func document(hasSandbox: Bool) -> Document {
        Document(
            title: "Delivery: api", text: text,
            operations: accounts + stores + orders + events + webhooks + orderViews + (hasSandbox ? sandbox : [])
                + pages
                + DocumentRoutes.operations,
            components: .all)
    }

    private static let text = """
        The customers' service. JSON in UTF-8, names in `snake_case`, times as ISO 8601 with offset, money in whole won.

        Replies have the envelope `{"result":{…},"body":…}`, errors too; with `Accept: application/problem+json` errors \
        come as RFC 9457. A body that is sent may be bare, as described here, or inside `{"body":…}`.

        The examples work with the demo data. To begin: `POST /open-api/user/login`, then send its `access_token` as \
        `authorization-token`.
        """
}

extension Operation.Tag {
    static let accounts = Self("Accounts", "Registration, login, and who one is.")
    static let stores = Self("Stores", "Stores and their menus.")
    static let orders = Self("Orders", "A customer's own orders.")
    static let pages = Self("Pages", "What a browser shows.")
    static let events = Self("Events", "What becomes of one's orders.")
}
