import Delivery
import Foundation
import Support
import Testing

/// What was secret when it came in stands nowhere afterwards.
@Suite("Secrets leak nowhere", .timeLimit(.minutes(2)))
struct LeakTests {
    /// What both services were told and gave out, and what they said meanwhile.
    private struct Trace {
        var secrets: [String: String] = [:]
        /// Everything that could be read afterwards, by its name.
        var places: [String: [UInt8]] = [:]

        mutating func keep(_ name: String, _ secret: String?) throws {
            let secret: String = try #require(secret)
            secrets[name] = secret
        }

        mutating func heard(_ name: String, _ reply: HTTPResponse) {
            let head = reply.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            places["reply \(places.count) of \(name)"] = Array(head.utf8) + reply.body
        }
    }

    private static let brokerPassword = "broker-kennwort-7f3a"

    @Test("passwords, tokens and sessions are in no log, reply, metric, error, help or file")
    func nowhere() async throws {
        let folder = try TemporaryFolder("leaks")
        defer { folder.remove() }
        var trace = Trace()
        try trace.keep("the operator's password", "operator-kennwort-91c2")
        try trace.keep("the broker's password", Self.brokerPassword)
        let environment = [
            "RABBITMQ_URL": "amqp://guest:\(Self.brokerPassword)@127.0.0.1:\(try FreePort.next())/",
            "DATABASE_PATH": folder.file("delivery.db"), "DEMO_DATA": "1", "LOG_LEVEL": "debug",
            "OPERATOR_EMAIL": "root@example.com", "OPERATOR_PASSWORD": "operator-kennwort-91c2",
        ]
        let api = try await ServiceProcess.start("api", environment: environment)
        let admin = try await ServiceProcess.start("store-admin", environment: environment)
        try await customers(api, &trace)
        try await stores(admin, &trace)
        for service in [api, admin] {
            for path in ["/health/live", "/health/ready", "/metrics"] {
                trace.heard(path, try await service.http.get(path))
            }
            // Everything was said, at the finest level.
            _ = try await service.waitForLog { $0.contains("\"request\"") && $0.contains("/metrics") }
            let help = try await ServiceProcess.runToEnd(service.name, arguments: ["--help"], environment: environment)
            trace.places["help of \(service.name)"] = Array(help.output.utf8)
        }
        try await badSettings(environment, &trace)
        for service in [api, admin] { trace.places["log of \(service.name)"] = Array(service.output.utf8) }
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            trace.places[file] = Array(try Data(contentsOf: URL(filePath: folder.file(file))))
        }
        // That a search finds what is there: the tokens' digests are.
        let file = (trace.places["delivery.db"] ?? []) + (trace.places["delivery.db-wal"] ?? [])
        let access = try #require(trace.secrets["an access token"])
        #expect(file.firstRange(of: Secrets.sha256(access)) != nil)
        #expect(file.firstRange(of: Array("scrypt$ln=15,r=8,p=3$".utf8)) != nil)
        #expect(trace.places.count > 20)
        for (place, octets) in trace.places {
            for (name, secret) in trace.secrets {
                #expect(octets.firstRange(of: Array(secret.utf8)) == nil, "\(name) is in \(place)")
            }
        }
        for service in [api, admin] { try await service.kill() }
    }

    private func customers(_ api: ServiceProcess, _ trace: inout Trace) async throws {
        let password = "kunden-kennwort-5d1e"
        try trace.keep("a customer's password", password)
        try trace.keep("a wrong password", "falsches-kennwort-08ab")
        let registration: Support.JSONValue = [
            "name": "x", "email": "leak@example.com", "address": "x", "password": .string(password),
        ]
        trace.heard("register", try await api.http.post("/open-api/user/register", json: registration))
        trace.heard("register again", try await api.http.post("/open-api/user/register", json: registration))
        let login: Support.JSONValue = ["email": "leak@example.com", "password": .string(password)]
        let tokens = try await api.http.post("/open-api/user/login", json: login).json["body"]
        try trace.keep("a spent refresh token", tokens["refresh_token"].string)
        try trace.keep("an access token", tokens["access_token"].string)
        let again = try await api.http.post(
            "/open-api/user/refresh", json: ["refresh_token": tokens["refresh_token"]]
        ).json["body"]
        try trace.keep("a refresh token", again["refresh_token"].string)
        try trace.keep("another access token", again["access_token"].string)
        let customer = api.http.with(token: try #require(again["access_token"].string))
        trace.heard("me", try await customer.get("/api/user/me"))
        trace.heard(
            "order",
            try await customer.post("/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1]]))
        // Things that go wrong: the password in a place or a form where nobody expects it.
        let secret = try #require(trace.secrets["a wrong password"])
        for body in [
            #"{"email":"leak@example.com","password":"\#(secret)"}"#, #"{"email":"\#(secret)","password":"x"}"#,
            #"{"email":"leak@example.com","password":["\#(secret)"]}"#, #"{"password":"\#(secret)"}"#,
            #"{"email":"leak@example.com","password":"\#(secret)"#, #""\#(secret)""#, secret,
        ] {
            for type in ["application/json", "text/plain"] {
                trace.heard(
                    "a bad login",
                    try await api.http.send(
                        "POST", "/open-api/user/login", headers: ["Content-Type": type], body: Array(body.utf8)))
            }
        }
        trace.heard("a bad token", try await api.http.with(token: secret).get("/api/user/me"))
        trace.heard("a query", try await api.http.get("/api/user/me?password=\(secret)"))
    }

    private func stores(_ admin: ServiceProcess, _ trace: inout Trace) async throws {
        let password = "laden-kennwort-c04f"
        try trace.keep("a store user's password", password)
        let registration: Support.JSONValue = [
            "store_name": "x", "email": "leak@example.com", "password": .string(password), "role": "MASTER",
        ]
        trace.heard("store-user", try await admin.http.post("/open-api/store-user", json: registration))
        let login = try await admin.http.post(
            "/login", json: ["email": "leak@example.com", "password": .string(password)])
        try trace.keep("a session", login.cookie("store_session"))
        trace.places["the body of a login"] = login.body
        let owner = admin.http.with(cookie: "store_session=\(try #require(login.cookie("store_session")))")
        trace.heard("me", try await owner.get("/api/store-user/me"))
        trace.heard("current", try await owner.get("/api/user-order/current"))
        trace.heard("page", try await owner.get("/main"))
        trace.heard("stream", try await owner.send("HEAD", "/api/sse/connect"))
        let form = try await owner.post(
            "/login", form: ["email": "root@example.com", "password": "operator-kennwort-91c2"])
        #expect(form.status == 303)
        try trace.keep("the operator's session", form.cookie("store_session"))
        let wrong = try #require(trace.secrets["a wrong password"])
        for password in [wrong, wrong + String(repeating: "x", count: 200)] {
            trace.heard(
                "a bad login",
                try await owner.post("/login", form: ["email": "leak@example.com", "password": password]))
        }
        let again = admin.http.with(cookie: "store_session=\(try #require(form.cookie("store_session")))")
        trace.heard("me", try await again.get("/api/store-user/me"))
        trace.heard("forbidden", try await again.get("/api/user-order/current"))
        trace.heard("logout", try await again.post("/logout", form: [:]))
    }

    /// Starts that fail must not say why with the secret itself.
    private func badSettings(_ environment: [String: String], _ trace: inout Trace) async throws {
        try trace.keep("a password that is too short", "kurz-9x")
        for change in [
            ["OPERATOR_PASSWORD": "kurz-9x"], ["OPERATOR_EMAIL": ""], ["OPERATOR_EMAIL": "no address"],
            ["OPERATOR_EMAIL": "owner1@example.com"],
        ] {
            let end = try await ServiceProcess.runToEnd(
                "store-admin", environment: environment.merging(["PORT": "0"]) { $1 }.merging(change) { $1 })
            #expect(end.exit == .code(1), "\(change)")
            let name = change.keys.first ?? ""
            #expect(end.output.contains(name), "\(end.output)")
            #expect(end.output.split(separator: "\n").filter { !$0.hasPrefix("{") }.count == 1, "\(end.output)")
            trace.places["a start with \(change)"] = Array(end.output.utf8)
        }
    }
}
