import Delivery
import SQLite
import Testing

@Suite("Customers")
struct CustomerTests {
    private func registration(
        name: String = "김철수", email: String = "chulsoo@example.com", password: String = "a long password"
    ) throws -> Accounts.Registration {
        try JSON.decode(
            Accounts.Registration.self,
            try JSON.encode(["name": name, "email": email, "address": "서울시 종로구 1", "password": password]))
    }

    private func login(_ email: String, _ password: String) -> Accounts.Login {
        Accounts.Login(email: email, password: password)
    }

    @Test("who registers can log in, whatever the case of the address, and is known by the token")
    func registerAndLogin() async throws {
        let fixture = try await Fixture()
        let customer = try await fixture.accounts.register(try registration(email: " ChulSoo@Example.com "), from: home)
        #expect(customer.email == "chulsoo@example.com")
        #expect(customer.status == .registered)
        let tokens = try await fixture.accounts.login(login("CHULSOO@example.com ", "a long password"), from: home)
        #expect(tokens.access != tokens.refresh)
        #expect(tokens.accessExpires > .now && tokens.refreshExpires > tokens.accessExpires)
        let me = try await fixture.database.read { db in try Accounts.customer(.token(tokens.access), in: db) }
        #expect(me == customer)
    }

    @Test("an address is registered once, also in another case")
    func emailTaken() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.accounts.register(try registration(), from: home)
        let again = try registration(name: "other", email: "CHULSOO@EXAMPLE.COM")
        #expect(await refusal { try await fixture.accounts.register(again, from: home) } == .emailTaken)
        #expect(try await fixture.count("customer") == 3)
    }

    @Test(
        "a registration that does not look right names the field",
        arguments: [
            ("", "a@b.co", "a long password", "name"), ("a", "nonsense", "a long password", "email"),
            ("a", "a@b.co", "short", "password"),
        ])
    func refusedRegistration(name: String, email: String, password: String, field: String) async throws {
        let fixture = try await Fixture(demoData: false)
        let bad = try registration(name: name, email: email, password: password)
        let error = await refusal { try await fixture.accounts.register(bad, from: home) }
        #expect(error?.status == 400)
        #expect(error?.description.hasPrefix("\(field): ") == true)
        #expect(try await fixture.count("customer") == 0)
    }

    @Test("wrong address and wrong password get the same answer, which tells neither")
    func wrongCredentials() async throws {
        let fixture = try await Fixture()
        let attempts = [
            login("customer@example.com", "wrong password"), login("nobody@example.com", "password"),
            login("owner1@example.com", "password"), login("not an address", "password"), login("", ""),
            login("customer@example.com", ""), login("customer@example.com\u{0}", "password"),
            login("customer@example.com", String(repeating: "p", count: 100_000)),
        ]
        for attempt in attempts {
            #expect(await refusal { try await fixture.accounts.login(attempt, from: home) } == .wrongCredentials)
        }
        #expect(try await fixture.count("token") == 0)
    }

    @Test("an unknown address is hashed for like a known one, so that the time tells nothing")
    func timing() async throws {
        let fixture = try await Fixture()
        // A worker that takes nothing shows who asks it.
        let accounts = Accounts(database: fixture.database, passwords: PasswordWorker(most: 0))
        for email in ["customer@example.com", "nobody@example.com"] {
            #expect(
                await refusal { try await accounts.login(login(email, "wrong password"), from: home) }?.status == 503)
        }
        for email in ["owner1@example.com", "nobody@example.com"] {
            let attempt = login(email, "wrong password")
            #expect(
                await refusal { try await accounts.loginStoreUser(attempt, replacing: nil, from: home) }?.status == 503)
        }
    }

    @Test("the demo customers' password is the one that the contract names")
    func demoPassword() async throws {
        let fixture = try await Fixture()
        for email in ["customer@example.com", "customer2@example.com"] {
            _ = try await fixture.accounts.login(login(email, DemoData.password), from: home)
        }
    }

    @Test("a refresh token is exchanged once, for a pair that works")
    func refresh() async throws {
        let fixture = try await Fixture()
        let tokens = try await fixture.accounts.login(login("customer@example.com", "password"), from: home)
        let next = try await fixture.accounts.refresh(tokens.refresh)
        let id = try await fixture.database.read { db in try Accounts.customer(.token(next.access), in: db).id }
        #expect(id == (try await fixture.customerID()))
        #expect(await refusal { try await fixture.accounts.refresh(tokens.refresh) } == .tokenInvalid)
        _ = try await fixture.accounts.refresh(next.refresh)
    }

    @Test("two exchanges of one refresh token at once: one wins")
    func refreshRace() async throws {
        let fixture = try await Fixture()
        let tokens = try await fixture.accounts.login(login("customer@example.com", "password"), from: home)
        let outcomes = await withTaskGroup(of: DeliveryError?.self) { group in
            for _ in 0..<8 { group.addTask { await refusal { try await fixture.accounts.refresh(tokens.refresh) } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1)
        #expect(outcomes.compactMap { $0 }.allSatisfy { $0 == .tokenInvalid })
    }

    @Test("a token of one kind is no token of another kind")
    func kinds() async throws {
        let fixture = try await Fixture()
        let tokens = try await fixture.accounts.login(login("customer@example.com", "password"), from: home)
        let session = try await fixture.session()
        #expect(await refusal { try await fixture.accounts.refresh(tokens.access) } == .tokenInvalid)
        for foreign in [tokens.refresh, session] {
            #expect(
                await refusal {
                    try await fixture.database.read { db in try Accounts.customer(.token(foreign), in: db).id }
                }
                    == .tokenInvalid)
        }
        #expect(
            await refusal {
                try await fixture.database.read { db in try Accounts.storeMember(session: tokens.access, in: db) }
            } == .tokenInvalid)
    }

    @Test("missing, unknown and expired tokens are told apart")
    func tokens() async throws {
        let fixture = try await Fixture()
        let expired = try await fixture.token(expires: .seconds(-1))
        let cases: [(String?, DeliveryError)] = [
            (nil, .tokenMissing), ("", .tokenInvalid), (String(repeating: "f", count: 64), .tokenInvalid),
            (String(repeating: "x", count: 100_000), .tokenInvalid), (expired, .tokenExpired),
        ]
        for (token, expected) in cases {
            #expect(
                await refusal {
                    try await fixture.database.read { db in
                        try Accounts.customer(token.map { .token($0) } ?? .missing, in: db)
                    }
                }
                    == expected)
            #expect(await refusal { try await fixture.place(token: token ?? "") }?.status == 401)
        }
    }

    @Test("the tokens of a customer who has left are worth nothing, and nobody logs in as them")
    func left() async throws {
        let fixture = try await Fixture()
        let tokens = try await fixture.accounts.login(login("customer@example.com", "password"), from: home)
        try await fixture.execute("UPDATE customer SET status = 'UNREGISTERED'")
        #expect(await refusal { try await fixture.place(token: tokens.access) } == .tokenInvalid)
        #expect(await refusal { try await fixture.accounts.refresh(tokens.refresh) } == .tokenInvalid)
        #expect(
            await refusal { try await fixture.accounts.login(login("customer@example.com", "password"), from: home) }
                == .wrongCredentials)
    }

    @Test("the file holds neither a password nor a token")
    func nothingToSteal() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.accounts.register(try registration(password: "a very secret password"), from: home)
        let tokens = try await fixture.accounts.login(
            login("chulsoo@example.com", "a very secret password"), from: home)
        let stored = try await fixture.database.read { db in
            try db.all("SELECT hash FROM token") { try $0.bytes(0) }
                + db.all("SELECT password FROM customer") { Array(try $0.text(0).utf8) }
        }
        #expect(stored.count == 5)
        for secret in ["a very secret password", tokens.access, tokens.refresh] {
            #expect(!stored.contains { $0.firstRange(of: Array(secret.utf8)) != nil })
        }
    }
}
