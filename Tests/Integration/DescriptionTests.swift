import Support
import Testing

/// What the services say of themselves is what they do.
@Suite("The OpenAPI documents", .serialized, .timeLimit(.minutes(3)))
struct DescriptionTests {
    private static let methods: Set<String> = ["get", "post", "put", "delete", "patch"]

    /// The document of a service, and its routes without the files of the pages.
    private func each(
        _ body: (_ service: ServiceProcess, _ document: JSONValue, _ table: [SecurityRow]) async throws -> Void
    ) async throws {
        let fixture = try await SecurityFixture.get()
        for (service, table) in [(fixture.api, SecurityTable.api), (fixture.admin, SecurityTable.admin)] {
            let reply = try await service.http.get("/openapi.json")
            #expect(reply.status == 200)
            #expect(reply.header("content-type") == "application/json")
            try await body(service, reply.json, table)
        }
    }

    /// `GET /path` and the operation.
    private func operations(_ document: JSONValue) -> [(route: String, operation: JSONValue)] {
        document["paths"].object.sorted { $0.key < $1.key }.flatMap { path, item in
            item.object.sorted { $0.key < $1.key }.map { ("\($0.key.uppercased()) \(path)", $0.value) }
        }
    }

    @Test("a document has every route that its service has, and none that it has not")
    func routes() async throws {
        let fixture = try await SecurityFixture.get()
        try await each { service, document, _ in
            let routes = fixture.routes(of: service).filter { !$0.hasPrefix("GET /assets/") }
            let described = Set(operations(document).map(\.route))
            #expect(routes.subtracting(described).sorted() == [], "\(service.name): not described")
            #expect(described.subtracting(routes).sorted() == [], "\(service.name): no such route")
            #expect(described.count > 12)
        }
    }

    @Test("an operation has a name of its own, a summary, a known tag, and the parameters of its path")
    func operations() async throws {
        try await each { service, document, _ in
            let tags = Set(document["tags"].array.compactMap { $0["name"].string })
            var ids: Set<String> = []
            for (route, operation) in operations(document) {
                let id = operation["operationId"].string ?? ""
                #expect(!id.isEmpty && ids.insert(id).inserted, "\(service.name) \(route): \(id)")
                #expect(operation["summary"].string?.isEmpty == false, "\(route)")
                #expect(tags.contains(operation["tags"][0].string ?? ""), "\(route)")
                let names = route.matches(of: /\{([a-z_]+)\}/).map { String($0.1) }
                let parameters = operation["parameters"].array.filter { $0["in"].string == "path" }
                #expect(parameters.compactMap { $0["name"].string } == names, "\(route)")
                #expect(parameters.allSatisfy { $0["required"].bool == true && !$0["example"].isNull }, "\(route)")
            }
        }
    }

    @Test("every reference leads somewhere")
    func references() async throws {
        try await each { service, document, _ in
            func check(_ value: JSONValue) {
                if let target = value["$ref"].string {
                    let found = target.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] }
                    #expect(!found.isNull, "\(service.name): \(target)")
                }
                value.array.forEach(check)
                value.object.values.forEach(check)
            }
            check(document)
        }
    }

    @Test("what the table of permissions expects of a route is described: status, code, and who must log in")
    func answers() async throws {
        try await each { service, document, table in
            let callers = service.name == "api" ? SecurityFixture.apiCallers : SecurityFixture.adminCallers
            let described = Dictionary(uniqueKeysWithValues: operations(document).map { ($0.route, $0.operation) })
            for row in table {
                guard let operation = described[row.route] else { continue }
                for caller in callers {
                    let answer = row.rule.answer(to: caller)
                    let reply = resolve(operation["responses"]["\(answer.status)"], in: document)
                    #expect(!reply.isNull, "\(service.name) \(row.route) answers \(answer.status)")
                    guard answer.status >= 400, let code = answer.code else { continue }
                    let rules = reply["content"]["application/json"]["schema"]["allOf"][1]
                    let codes = rules["properties"]["result"]["properties"]["result_code"]["enum"].array
                    #expect(codes.contains(.int(code)), "\(service.name) \(row.route) answers \(code)")
                }
                // `{}` among the ways to log in means that none is needed.
                let security = operation["security"].array
                let mustLogIn = row.rule.answer(to: .nobody).code == 2003
                #expect((!security.isEmpty && !security.contains([:])) == mustLogIn, "\(service.name) \(row.route)")
            }
        }
    }

    private func resolve(_ value: JSONValue, in document: JSONValue) -> JSONValue {
        guard let target = value["$ref"].string else { return value }
        return target.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] }
    }

    @Test("a client that has the document is not sent it again; the page asks for it beside itself")
    func caching() async throws {
        try await each { service, _, _ in
            let tag = try #require(try await service.http.get("/openapi.json").header("etag"))
            let again = try await service.http.send("GET", "/openapi.json", headers: ["If-None-Match": tag])
            #expect(again.status == 304)
            let page = try await service.http.get("/docs")
            #expect(page.header("content-security-policy")?.contains("unsafe") == false)
            #expect(
                !page.text.contains(/(src|href)="\//) && !page.text.contains("http://")
                    && !page.text.contains("https://"))
        }
    }
}
