/// What a value looks like: JSON Schema, draft 2020-12, as OpenAPI 3.1 uses it.
package struct Schema: Sendable, Equatable {
    package let tree: JSONTree

    package init(_ tree: JSONTree) { self.tree = tree }

    /// One of `Components`.
    package static func named(_ name: String) -> Schema { Schema(["$ref": "#/components/schemas/\(name)"]) }

    package static let boolean = Schema(["type": "boolean"])
    package static let number = Schema(["type": "number"])
    package static let string = Schema(["type": "string"])
    /// Any JSON value.
    package static let anything = Schema([:])
    package static let null = Schema(["type": "null"])
    /// Whole won.
    package static let won = integer(from: 0).described("won")
    package static let time = Schema(
        ["type": "string", "format": "date-time", "examples": ["2026-11-20T08:49:03.796Z"]])
    package static let day = Schema(["type": "string", "format": "date", "examples": ["2026-11-20"]])

    /// The number of an order, a store, a menu or somebody.
    package static let id = integer(from: 1)

    /// A whole number that the services can read: 64 bits.
    package static func integer(from least: Int? = nil, to most: Int? = nil) -> Schema {
        var tree: JSONTree = ["type": "integer", "format": "int64"]
        tree = tree.with("minimum", .int(least ?? Int.min))
        return Schema(tree.with("maximum", .int(most ?? Int.max)))
    }

    /// A text that somebody types and others see: something visible, without control and invisible characters. No schema
    /// can say that, hence the format of its own.
    package static func text(from shortest: Int = 1, to longest: Int) -> Schema {
        Schema([
            "type": "string", "format": "visible-text", "minLength": .int(shortest), "maxLength": .int(longest),
        ])
    }

    package static func values(_ values: [String]) -> Schema {
        Schema(["type": "string", "enum": .array(values.map { .string($0) })])
    }

    package static func list(of element: Schema, from least: Int? = nil, to most: Int? = nil) -> Schema {
        var tree: JSONTree = ["type": "array", "items": element.tree]
        if let least { tree = tree.with("minItems", .int(least)) }
        if let most { tree = tree.with("maxItems", .int(most)) }
        return Schema(tree)
    }

    package static func object(
        _ required: KeyValuePairs<String, Schema>, optional: KeyValuePairs<String, Schema> = [:]
    ) -> Schema {
        object(required.map { ($0.key, $0.value) }, optional: optional.map { ($0.key, $0.value) })
    }

    package static func object(_ required: [(String, Schema)], optional: [(String, Schema)] = []) -> Schema {
        var tree: JSONTree = ["type": "object"]
        if !required.isEmpty { tree = tree.with("required", .array(required.map { .string($0.0) })) }
        return Schema(
            tree.with("properties", .object((required + optional).map { .init($0.0, $0.1.tree) })))
    }

    package static func any(of schemas: [Schema]) -> Schema { Schema(["anyOf": .array(schemas.map(\.tree))]) }

    package var orNull: Schema {
        guard case .string(let type) = tree["type"], tree["enum"] == nil else { return .any(of: [self, .null]) }
        return Schema(tree.with("type", [.string(type), "null"]))
    }

    package func described(_ text: String) -> Schema { Schema(tree.with("description", .string(text))) }
    package func matching(_ pattern: String) -> Schema { Schema(tree.with("pattern", .string(pattern))) }
    package func example(_ value: JSONTree) -> Schema { Schema(tree.with("examples", [value])) }
    package func defaulting(to value: JSONTree) -> Schema { Schema(tree.with("default", value)) }

    /// The reply of the services: `{"result":{…},"body":…}`.
    ///
    /// - Parameters:
    ///   - more: stands beside the body, always.
    ///   - sometimes: likewise, if there is something to say.
    package static func envelope(
        of body: Schema, beside more: KeyValuePairs<String, Schema> = [:],
        sometimes: KeyValuePairs<String, Schema> = [:]
    ) -> Schema {
        let required = [("result", Schema.named("Result")), ("body", body)] + more.map { ($0.key, $0.value) }
        let members = required + sometimes.map { ($0.key, $0.value) }
        return Schema([
            "type": "object", "required": .array(required.map { .string($0.0) }),
            "properties": .object(members.map { .init($0.0, $0.1.tree) }),
        ])
    }
}
