/// One method of one path, as the document describes it.
package struct Operation: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"

        var isSafe: Bool { self == .get }
    }

    package let method: Method
    /// As the router knows it, for example `/api/user-order/id/{id}`.
    package let path: String
    /// Unique within the document, in camel case: tools make function names of it.
    package let id: String
    package let tag: Tag
    package let summary: String
    package let details: String
    package let audience: Audience
    package let parameters: [Parameter]
    package let body: RequestBody?
    package let replies: [Reply]
    package let refusals: [Refusal]

    package init(
        _ method: Method, _ path: String, _ id: String, _ tag: Tag, _ summary: String,
        for audience: Audience = .everybody, details: String = "", parameters: [Parameter] = [],
        body: RequestBody? = nil,
        replies: [Reply], refusals: [Refusal] = []
    ) {
        (self.method, self.path, self.id, self.tag) = (method, path, id, tag)
        (self.summary, self.details, self.audience) = (summary, details, audience)
        (self.parameters, self.body, self.replies, self.refusals) = (parameters, body, replies, refusals)
    }

    /// A heading under which operations stand together.
    package struct Tag: Sendable, Hashable {
        package let name: String
        package let text: String

        package init(_ name: String, _ text: String) { (self.name, self.text) = (name, text) }
    }

    /// Who may call it, and how they say who they are.
    package enum Audience: Sendable {
        case everybody
        case customers
        /// Whoever is logged in at `store-admin`.
        case storeUsers
        /// Those who work for a store.
        case stores
        /// Those who run a store.
        case owners
        case storesAndRiders
        case riders
        case operators
        /// Works without a session, and does more with one.
        case everybodyOrStores
        case everybodyOrCustomers
        /// A page: who is not logged in is sent to the login.
        case page

        var isChecked: Bool {
            switch self {
            case .everybody, .everybodyOrStores, .everybodyOrCustomers, .page: false
            case .customers, .storeUsers, .stores, .owners, .storesAndRiders, .riders, .operators: true
            }
        }

        /// Roles that are let in; all others get 403.
        var roles: [String] {
            switch self {
            case .stores: ["MASTER", "ADMIN", "USER"]
            case .owners: ["MASTER", "ADMIN"]
            case .storesAndRiders: ["MASTER", "ADMIN", "USER", "RIDER"]
            case .riders: ["RIDER"]
            case .operators: ["OPERATOR"]
            default: []
            }
        }

        /// The names of security schemes, one of which is enough; "" stands for none.
        var schemes: [String] {
            switch self {
            case .everybody: []
            case .customers: ["customerToken", "customerBearer", "customerSession"]
            case .storeUsers, .stores, .owners, .storesAndRiders, .riders, .operators: ["storeSession"]
            case .everybodyOrStores, .page: ["", "storeSession"]
            case .everybodyOrCustomers: ["", "customerSession"]
            }
        }
    }

    package struct Parameter: Sendable {
        package enum Place: String, Sendable { case path, query, header }

        package let name: String
        package let place: Place
        package let text: String
        package let isRequired: Bool
        package let schema: Schema
        /// What works with the demo data.
        package let example: JSONTree?

        package static func path(
            _ name: String = "id", _ text: String, _ schema: Schema = .id, example: JSONTree = 1
        ) -> Parameter {
            Parameter(name: name, place: .path, text: text, isRequired: true, schema: schema, example: example)
        }

        package static func query(
            _ name: String, _ text: String, _ schema: Schema, isRequired: Bool = false, example: JSONTree? = nil
        ) -> Parameter {
            Parameter(
                name: name, place: .query, text: text, isRequired: isRequired, schema: schema, example: example)
        }

        package static func header(
            _ name: String, _ text: String, _ schema: Schema, isRequired: Bool = false, example: JSONTree? = nil
        ) -> Parameter {
            Parameter(
                name: name, place: .header, text: text, isRequired: isRequired, schema: schema, example: example)
        }
    }

    package struct RequestBody: Sendable {
        package let schema: Schema
        package let isRequired: Bool
        /// A form is read, too.
        package let isForm: Bool
        /// Bodies that work with the demo data, by name.
        package let examples: [(name: String, value: JSONTree)]

        package init(
            _ schema: Schema, isRequired: Bool = true, isForm: Bool = false,
            examples: KeyValuePairs<String, JSONTree>
        ) {
            (self.schema, self.isRequired, self.isForm) = (schema, isRequired, isForm)
            self.examples = examples.map { (name: $0.key, value: $0.value) }
        }
    }
}

extension Operation.Parameter {
    /// The parameters that lists have.
    package static let limit = Self.query("limit", "How many at most.", .integer(from: 1, to: 100), example: 20)
    package static let before = Self.query("before", "Only what is older than the order of this id.", .id)
    /// Those of streams. An empty one is none.
    package static let lastEventID = Self.header("Last-Event-ID", "The cursor; wins over the query.", cursorSchema)
    package static let cursor = Self.query(
        "last_event_id", "The cursor; 0 is the beginning.", cursorSchema, example: 0)
    private static let cursorSchema = Schema.any(of: [.integer(from: 0), .values([""])])

    /// What is no number names no order.
    package static let order = Self.path("id", "The order's number.", .id)
}
