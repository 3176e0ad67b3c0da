import Delivery
import SQLite
import Testing

@Suite("Operators")
struct OperatorTests {
    private static let wanted = Accounts.Login(email: "root@example.com", password: "the first password")

    /// A start of the service with these settings.
    private func start(
        _ fixture: Fixture, _ wanted: Accounts.Login?, hasDemoData: Bool = false
    ) async throws -> Accounts {
        let operators = operators(fixture, wanted, hasDemoData: hasDemoData)
        try await operators.prepare()
        try await operators.settle()
        return Accounts(database: fixture.database, passwords: PasswordWorker(), operators: operators)
    }

    private func operators(_ fixture: Fixture, _ wanted: Accounts.Login?, hasDemoData: Bool = false) -> Operators {
        Operators(
            database: fixture.database, passwords: PasswordWorker(), wanted: wanted, hasDemoData: hasDemoData)
    }

    private func state(_ session: String?, _ fixture: Fixture) async -> DeliveryError? {
        await refusal {
            try await fixture.database.read { db in _ = try Accounts.storeOperator(session: session, in: db) }
        }
    }

    @Test("the operator of the settings logs in, belongs to no store, and may nothing in one")
    func made() async throws {
        let fixture = try await Fixture()
        let accounts = try await start(fixture, Self.wanted)
        let session = try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home)
        let (account, user) = try await fixture.database.read { db in
            (
                try Accounts.storeAccount(session: session, in: db),
                try Accounts.storeOperator(session: session, in: db)
            )
        }
        #expect(account.user == user && account.isOperator)
        #expect(user.role == .operator && user.storeID == nil && account.member == nil)
        #expect(
            await refusal {
                try await fixture.database.read { db in try Accounts.storeMember(session: session, in: db) }
            } == .forbidden)
    }

    @Test("nobody else is an operator: 401 without a session, 403 with another one's")
    func others() async throws {
        let fixture = try await Fixture()
        #expect(await state(nil, fixture) == .tokenMissing)
        #expect(await state("nonsense", fixture) == .tokenInvalid)
        #expect(await state(try await fixture.session(expires: .seconds(-1)), fixture) == .tokenExpired)
        #expect(await state(try await fixture.token(), fixture) == .tokenInvalid)
        let owner = try await fixture.session()
        #expect(await state(owner, fixture) == .forbidden)
        // The role alone, inside a store, is not enough either.
        try await fixture.execute("UPDATE store_user SET role = 'OPERATOR' WHERE store_id = 1")
        #expect(await state(owner, fixture) == .forbidden)
    }

    @Test("the same password again keeps the sessions and writes nothing; another one ends them all")
    func changed() async throws {
        let fixture = try await Fixture()
        var accounts = try await start(fixture, Self.wanted)
        let sessions = [
            try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home),
            try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home),
        ]
        let owner = try await fixture.session()
        let commits = fixture.database.statistics.commits
        accounts = try await start(fixture, Self.wanted)
        #expect(fixture.database.statistics.commits == commits)
        for session in sessions { #expect(await state(session, fixture) == nil) }

        let next = Accounts.Login(email: Self.wanted.email, password: "the second password")
        accounts = try await start(fixture, next)
        for session in sessions { #expect(await state(session, fixture) == .tokenInvalid) }
        #expect(await state(owner, fixture) == .forbidden)
        #expect(
            await refusal { try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home) }
                == .wrongCredentials)
        _ = try await accounts.loginStoreUser(next, replacing: nil, from: home)
    }

    @Test("an operator whom the settings no longer name has no session and cannot log in, until they do again")
    func gone() async throws {
        let fixture = try await Fixture()
        var accounts = try await start(fixture, Self.wanted)
        let session = try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home)
        let other = Accounts.Login(email: "other@example.com", password: "another password")
        for login in [nil, other] {
            accounts = try await start(fixture, login)
            #expect(await state(session, fixture) == .tokenInvalid)
            #expect(
                await refusal { try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home) }
                    == .wrongCredentials)
        }
        _ = try await accounts.loginStoreUser(other, replacing: nil, from: home)
        accounts = try await start(fixture, Self.wanted)
        #expect(await state(session, fixture) == .tokenInvalid)
        _ = try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home)
        #expect(
            await refusal { try await accounts.loginStoreUser(other, replacing: nil, from: home) } == .wrongCredentials)
    }

    @Test("the operator of the demo data is there as long as demo data is on")
    func demo() async throws {
        let fixture = try await Fixture()
        let login = Accounts.Login(email: "operator@example.com", password: DemoData.password)
        var accounts = try await start(fixture, Self.wanted, hasDemoData: true)
        let session = try await accounts.loginStoreUser(login, replacing: nil, from: home)
        #expect(await state(session, fixture) == nil)
        accounts = try await start(fixture, Self.wanted)
        #expect(await state(session, fixture) == .tokenInvalid)
        #expect(
            await refusal { try await accounts.loginStoreUser(login, replacing: nil, from: home) } == .wrongCredentials)
    }

    @Test("an address of a store's user is not made an operator's")
    func taken() async throws {
        let fixture = try await Fixture()
        let operators = operators(fixture, .init(email: "owner1@example.com", password: "a long password"))
        #expect(await refusal { try await operators.prepare() } == .emailTaken)
        let member = try await fixture.database.read { db in
            try db.one("SELECT role FROM store_user WHERE email = 'owner1@example.com'") { try $0.text(0) }
        }
        #expect(member == "MASTER")
    }

    @Test("several instances that start together agree, and end no session that one of them just gave")
    func together() async throws {
        let fixture = try await Fixture()
        let first = try await start(fixture, Self.wanted)
        let session = try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { _ = try await start(fixture, Self.wanted) } }
            let session = try await first.loginStoreUser(Self.wanted, replacing: nil, from: home)
            try await group.waitForAll()
            return session
        }
        #expect(await state(session, fixture) == nil)
    }

    @Test("a login waits until the password of the settings is in place, and is told when that failed")
    func waiting() async throws {
        let fixture = try await Fixture()
        _ = try await start(fixture, Self.wanted)
        let passwords = PasswordWorker()
        let next = Accounts.Login(email: Self.wanted.email, password: "the second password")
        let operators = Operators(
            database: fixture.database, passwords: passwords, wanted: next, hasDemoData: false)
        try await operators.prepare()
        let accounts = Accounts(database: fixture.database, passwords: PasswordWorker(), operators: operators)
        async let old = refusal { try await accounts.loginStoreUser(Self.wanted, replacing: nil, from: home) }
        async let new = refusal { try await accounts.loginStoreUser(next, replacing: nil, from: home) }
        // Others do not wait.
        _ = try await accounts.loginStoreUser(
            .init(email: "owner1@example.com", password: "password"), replacing: nil, from: home)
        try await operators.settle()
        #expect(await old == .wrongCredentials)
        #expect(await new == nil)
    }

    @Test("nobody registers as an operator, not even a MASTER in their store")
    func registering() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session()
        for store in ["새 가게", "한솥부엌 홍대점"] {
            let wanted = try JSON.decode(
                Accounts.StoreRegistration.self,
                try JSON.encode([
                    "store_name": store, "email": "new@example.com", "password": "a long password",
                    "role": "OPERATOR",
                ]))
            let error = await refusal {
                try await fixture.accounts.registerStoreUser(wanted, session: session, from: home)
            }
            #expect(error?.status == 400)
        }
        #expect(try await fixture.count("store") == 3)
    }
}
