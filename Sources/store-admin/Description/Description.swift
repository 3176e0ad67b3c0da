import OpenAPI
import Web

/// What `store-admin` says of itself at `/openapi.json`: a list of operations for each subject, next to the routes.
enum Description {
    static let document = Document(
        title: "Delivery: store-admin", text: text,
        operations: accounts + orders + store + events + riders + orderViews + settlement + deadLetters + pages
            + DocumentRoutes.operations,
        components: .all)

    private static let text = """
        The service of stores, riders and operators. JSON in UTF-8, names in `snake_case`, times as ISO 8601 with offset, \
        money in whole won.

        Replies have the envelope `{"result":{…},"body":…}`, errors too; with `Accept: application/problem+json` errors \
        come as RFC 9457. A body that is sent may be bare, as described here, or inside `{"body":…}`.

        The examples work with the demo data. To begin: `POST /login`, which sets the cookie `store_session`. A browser \
        keeps it; with curl use `-c` and `-b`.
        """
}

extension Operation.Tag {
    static let accounts = Self("Accounts", "Login, registration, and who one is.")
    static let orders = Self("Orders", "The orders of one's store.")
    static let events = Self("Events", "The store's event stream.")
    static let deadLetters = Self("Dead letters", "Messages that nobody could work on. For operators.")
    static let pages = Self("Pages", "What a browser shows.")
}
