/// The OpenAPI 3.1 document of a service, made of the descriptions of its operations.
package struct Document: Sendable {
    package let title: String
    package let text: String
    package let operations: [Operation]
    package let components: Components

    package init(title: String, text: String, operations: [Operation], components: Components) {
        (self.title, self.text) = (title, text)
        (self.operations, self.components) = (operations, components)
    }

    package var tree: JSONTree {
        var tags: [Operation.Tag] = []
        for operation in operations where !tags.contains(operation.tag) { tags.append(operation.tag) }
        let paths = paths
        let schemes = Set(operations.flatMap(\.audience.schemes))
        return [
            "openapi": "3.1.0",
            "info": ["title": .string(title), "version": "1.0.0", "description": .string(text)],
            // Relative to where the document is, so that it is right under any base path.
            "servers": [["url": "."]],
            "tags": .array(tags.map { ["name": .string($0.name), "description": .string($0.text)] }),
            "paths": paths,
            "components": components.tree(responses: refusals, schemes: schemes, paths: paths),
        ]
    }

    private var paths: JSONTree {
        var order: [String] = []
        var items: [String: JSONTree] = [:]
        for operation in operations {
            if items[operation.path] == nil { order.append(operation.path) }
            let item = items[operation.path] ?? [:]
            items[operation.path] = item.with(operation.method.rawValue.lowercased(), operation.tree)
        }
        return .object(order.map { .init($0, items[$0] ?? [:]) })
    }

    /// Each different refusal once, by the name that operations refer to it by.
    private var refusals: [JSONTree.Member] {
        var members: [String: JSONTree] = [:]
        for refusal in operations.flatMap(\.allRefusals) { members[refusal.name] = refusal.tree }
        return members.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
    }
}

extension Operation {
    var tree: JSONTree {
        var tree: JSONTree = ["tags": [.string(tag.name)], "operationId": .string(id), "summary": .string(summary)]
        if !details.isEmpty { tree = tree.with("description", .string(details)) }
        if !audience.roles.isEmpty { tree = tree.with("x-roles", .array(audience.roles.map { .string($0) })) }
        if !audience.schemes.isEmpty {
            tree = tree.with(
                "security", .array(audience.schemes.map { $0.isEmpty ? [:] : .object([.init($0, [])]) }))
        }
        if !parameters.isEmpty { tree = tree.with("parameters", .array(parameters.map(\.tree))) }
        if let body { tree = tree.with("requestBody", body.tree) }
        var responses = replies.map { JSONTree.Member("\($0.status)", $0.tree) }
        responses += allRefusals.map { .init("\($0.status)", ["$ref": "#/components/responses/\($0.name)"]) }
        return tree.with("responses", .object(responses.sorted { $0.name < $1.name }))
    }
}

extension Operation.Parameter {
    fileprivate var tree: JSONTree {
        var tree: JSONTree = ["name": .string(name), "in": .string(place.rawValue), "description": .string(text)]
        if isRequired { tree = tree.with("required", true) }
        tree = tree.with("schema", schema.tree)
        return example.map { tree.with("example", $0) } ?? tree
    }
}

extension Operation.RequestBody {
    fileprivate var tree: JSONTree {
        let content: JSONTree = [
            "schema": schema.tree,
            "examples": .object(examples.map { .init($0.name, ["value": $0.value]) }),
        ]
        var contents: JSONTree = ["application/json": content]
        if isForm { contents = contents.with("application/x-www-form-urlencoded", content) }
        return ["required": .bool(isRequired), "content": contents]
    }
}

extension Operation.Reply {
    fileprivate var tree: JSONTree {
        var fields = [JSONTree.Member("X-Request-Id", ["$ref": "#/components/headers/X-Request-Id"])]
        fields += headers.map { .init($0, ["$ref": "#/components/headers/\($0)"]) }
        var tree: JSONTree = ["description": .string(text), "headers": .object(fields)]
        guard !contents.isEmpty else { return tree }
        tree = tree.with(
            "content",
            .object(
                contents.map { content in
                    var media: JSONTree = ["schema": content.schema.tree]
                    if let example { media = media.with("example", example) }
                    return .init(content.type, media)
                }))
        guard !events.isEmpty else { return tree }
        // OpenAPI 3.1 has no words of its own for the events of a stream.
        return tree.with(
            "x-events",
            .array(
                events.map {
                    [
                        "event": .string($0.name), "description": .string($0.text), "hasId": .bool($0.isLogged),
                        "schema": $0.schema.tree, "example": $0.example,
                    ]
                }))
    }
}

extension Operation.Refusal {
    /// Two refusals of one name are the same.
    var name: String {
        // FNV-1a of the text: what differs only in its words needs another name, and the same one in each build.
        var hash: UInt32 = 2_166_136_261
        for octet in text.utf8 { hash = (hash ^ UInt32(octet)) &* 16_777_619 }
        let page = isPage ? "_page" : ""
        let codes = codes == [status] ? "" : "_" + codes.map(String.init).joined(separator: "_")
        return "Refused\(status)\(codes)\(page)_\(String(hash, radix: 16))"
    }

    fileprivate var tree: JSONTree {
        var fields = [JSONTree.Member("X-Request-Id", ["$ref": "#/components/headers/X-Request-Id"])]
        switch status {
        case 401: fields.append(.init("WWW-Authenticate", ["$ref": "#/components/headers/WWW-Authenticate"]))
        case 429, 503: fields.append(.init("Retry-After", ["$ref": "#/components/headers/Retry-After"]))
        default: break
        }
        let code: JSONTree = ["enum": .array(codes.map { .int($0) })]
        var contents: JSONTree = [
            "application/json": [
                "schema": [
                    "allOf": [
                        ["$ref": "#/components/schemas/Error"],
                        ["properties": ["result": ["properties": ["result_code": code]]]],
                    ]
                ]
            ],
            "application/problem+json": [
                "schema": [
                    "allOf": [
                        ["$ref": "#/components/schemas/Problem"],
                        ["properties": ["status": ["const": .int(status)], "result_code": code]],
                    ]
                ]
            ],
        ]
        if isPage { contents = contents.with("text/html", ["schema": ["type": "string"]]) }
        return ["description": .string(text), "headers": .object(fields), "content": contents]
    }
}
