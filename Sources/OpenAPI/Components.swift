/// What operations refer to by name. A document takes along what it uses.
package struct Components: Sendable {
    private let schemas: [String: Schema]

    package init(_ groups: [KeyValuePairs<String, Schema>]) {
        schemas = Dictionary(groups.flatMap { $0.map { ($0.key, $0.value) } }) { first, _ in first }
    }

    /// Those of both services.
    package static let all = Components([
        Self.replies, Self.accounts, Self.stores, Self.orders, Self.payments, Self.riders, Self.settlement,
        Self.webhooks, Self.operation,
    ])

    func tree(responses: [JSONTree.Member], schemes: Set<String>, paths: JSONTree) -> JSONTree {
        var needed: Set<String> = []
        var waiting = [paths, .object(responses)]
        while let tree = waiting.popLast() {
            for name in Self.references(in: tree) where needed.insert(name).inserted {
                if let schema = schemas[name] { waiting.append(schema.tree) }
            }
        }
        let named = needed.sorted().compactMap { name in schemas[name].map { JSONTree.Member(name, $0.tree) } }
        return [
            "schemas": .object(named), "responses": .object(responses), "headers": Self.headers,
            "securitySchemes": .object(Self.securitySchemes.members.filter { schemes.contains($0.name) }),
        ]
    }

    /// The names of the schemas that a tree refers to.
    private static func references(in tree: JSONTree) -> [String] {
        switch tree {
        case .array(let elements): return elements.flatMap { references(in: $0) }
        case .object(let members):
            return members.flatMap { member -> [String] in
                let prefix = "#/components/schemas/"
                guard member.name == "$ref", case .string(let target) = member.value, target.hasPrefix(prefix) else {
                    return references(in: member.value)
                }
                return [String(target.dropFirst(prefix.count))]
            }
        default: return []
        }
    }

    private static let headers: JSONTree = [
        "X-Request-Id": [
            "description": "The trace id of the request: that of its `traceparent`, if it has one.", "required": true,
            "schema": ["type": "string", "pattern": "^[0-9a-f]{32}$"],
        ],
        "Location": [
            "description": "Where the thing, or the next page, is.", "required": true,
            "schema": ["type": "string", "format": "uri-reference"],
        ],
        "ETag": ["description": "The version of the file.", "required": true, "schema": ["type": "string"]],
        "Retry-After": [
            "description": "Seconds after which another try makes sense.", "required": true,
            "schema": ["type": "integer", "minimum": 0],
        ],
        "WWW-Authenticate": ["description": "RFC 9110.", "required": true, "schema": ["type": "string"]],
        "Set-Cookie": ["description": "The session.", "required": true, "schema": ["type": "string"]],
    ]

    private static let securitySchemes: JSONTree = [
        "customerToken": [
            "type": "apiKey", "in": "header", "name": "authorization-token",
            "description": "The `access_token` of POST /open-api/user/login.",
        ],
        "customerBearer": [
            "type": "http", "scheme": "bearer", "description": "The same token as `Authorization: Bearer`.",
        ],
        "customerSession": [
            "type": "apiKey", "in": "cookie", "name": "user_session",
            "description": "The cookie of the customer's page, which POST /login sets.",
        ],
        "storeSession": [
            "type": "apiKey", "in": "cookie", "name": "store_session",
            "description": "The cookie of store users, riders and operators, which POST /login sets.",
        ],
    ]
}
