import OpenAPI
import Testing

@Suite("The OpenAPI document")
struct DocumentTests {
    private static let tag = Operation.Tag("Things", "Things to try.")

    private func tree(_ operations: Operation...) -> JSONTree {
        Document(title: "t", text: "", operations: operations, components: .all).tree
    }

    private func responses(_ operation: Operation) -> [String] {
        let method = operation.method.rawValue.lowercased()
        return tree(operation)["paths"]?[operation.path]?[method]?["responses"]?.members.map(\.name) ?? []
    }

    @Test("JSON keeps the order of its members and escapes what JSON must")
    func json() {
        let tree: JSONTree = [
            "z": [1, true, nil, 0.5], "a": "\"\\\n\u{1}한",
        ]
        #expect(String(decoding: tree.octets, as: UTF8.self) == #"{"z":[1,true,null,0.5],"a":"\"\\\n\u0001한"}"#)
    }

    @Test(
        "the statuses that every operation of its kind can answer are added",
        arguments: [
            (Operation.Audience.everybody, Operation.Method.get, false, ["400"]),
            (.customers, .get, false, ["400", "401"]),
            (.operators, .delete, false, ["400", "401", "403"]),
            (.everybody, .post, true, ["400", "403", "415"]),
        ])
    func statuses(audience: Operation.Audience, method: Operation.Method, hasBody: Bool, expected: [String]) {
        let operation = Operation(
            method, "/things", "things", Self.tag, "Things", for: audience,
            body: hasBody ? .init(.anything, examples: [:]) : nil, replies: [.ok(.anything)])
        let common = ["200", "408", "413", "414", "431", "500", "503"]
        #expect(responses(operation) == (common + expected).sorted())
    }

    @Test("refusals of one status become one, with the codes of all")
    func merging() throws {
        let operation = Operation(
            .post, "/things", "things", Self.tag, "Things", for: .stores, replies: [.ok(.anything)],
            refusals: [.init(403, codes: [3003, 403], "Mine.")])
        let document = tree(operation)
        let reference = document["paths"]?["/things"]?["post"]?["responses"]?["403"]?["$ref"]
        guard case .string(let target) = reference else {
            Issue.record("no 403")
            return
        }
        let name = String(target.split(separator: "/").last ?? "")
        #expect(name.hasPrefix("Refused403_403_3003_"))
        guard case .string(let text) = document["components"]?["responses"]?[name]?["description"] else {
            Issue.record("no text")
            return
        }
        #expect(text.hasPrefix("Mine. ") && text.contains("role") && text.contains("foreign"))
    }

    @Test("a document takes along the components that it uses, and those that they use, and no others")
    func components() {
        let document = tree(
            Operation(.get, "/things", "things", Self.tag, "Things", replies: [.ok(.named("Entry"))]))
        let names = document["components"]?["schemas"]?.members.map(\.name)
        #expect(
            names == [
                "Entry", "Error", "Menu", "Order", "OrderEvent", "OrderItem", "Payment", "Problem", "Result", "Store",
            ])
        #expect(document["components"]?["securitySchemes"] == [:])
    }

    @Test("null is added to a type, to a list of values, and to a component")
    func null() {
        #expect(Schema.string.orNull.tree == ["type": ["string", "null"]])
        #expect(
            Schema.values(["A"]).orNull.tree == ["anyOf": [["type": "string", "enum": ["A"]], ["type": "null"]]])
        #expect(Schema.named("A").orNull.tree["anyOf"] == [["$ref": "#/components/schemas/A"], ["type": "null"]])
    }
}
