import Delivery
import SQLite
import Testing

@Suite("Customers' sessions")
struct CustomerSessionTests {
    private let login = Accounts.Login(email: "customer@example.com", password: "password")

    private func state(_ credential: CustomerCredential, _ fixture: Fixture) async -> DeliveryError? {
        await refusal { try await fixture.database.read { db in try Accounts.customer(credential, in: db) } }
    }

    @Test("a session is worth what an access token is, and each only in its own place")
    func kinds() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.accounts.loginCustomer(login, replacing: nil, from: home)
        let token = try await fixture.token()
        let customer = try await fixture.database.read { db in try Accounts.customer(.session(session), in: db) }
        #expect(customer.email == "customer@example.com")
        #expect(await state(.token(token), fixture) == nil)
        #expect(await state(.token(session), fixture) == .tokenInvalid)
        #expect(await state(.session(token), fixture) == .tokenInvalid)
        #expect(await state(.session(try await fixture.session()), fixture) == .tokenInvalid)
        #expect(await state(.missing, fixture) == .tokenMissing)
        #expect(
            await refusal {
                try await fixture.database.read { db in try Accounts.storeMember(session: session, in: db) }
            } == .tokenInvalid)
        let request = OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 1)])
        #expect(try await fixture.orders.place(request, by: .session(session)).order.customerID == customer.id)
    }

    @Test("logging out ends that session alone, and the log tells its streams; a login ends the session before it")
    func endings() async throws {
        let fixture = try await Fixture()
        var sessions: [String] = []
        for _ in 0..<2 {
            sessions.append(try await fixture.accounts.loginCustomer(login, replacing: nil, from: home))
        }
        for _ in 0..<2 { try await fixture.accounts.logoutCustomer(session: sessions[0]) }
        #expect(await state(.session(sessions[0]), fixture) == .tokenInvalid)
        #expect(await state(.session(sessions[1]), fixture) == nil)
        let third = try await fixture.accounts.loginCustomer(login, replacing: sessions[1], from: home)
        #expect(await state(.session(sessions[1]), fixture) == .tokenInvalid)
        #expect(await state(.session(third), fixture) == nil)
        let events = try await fixture.database.read { db in try Feed.events(after: 0, limit: 9, in: db) }
        #expect(events.map(\.endedSession) == sessions.map { SessionID(token: $0) })
        // A store's session in the customer's cookie is not the customer's to end.
        let foreign = try await fixture.session()
        try await fixture.accounts.logoutCustomer(session: foreign)
        _ = try await fixture.accounts.loginCustomer(login, replacing: foreign, from: home)
        _ = try await fixture.database.read { db in try Accounts.storeMember(session: foreign, in: db) }
    }

    @Test("a program's logout ends its refresh token and its access token, with its streams; twice is no error")
    func tokens() async throws {
        let fixture = try await Fixture()
        let tokens = try await fixture.accounts.login(login, from: home)
        let others = try await fixture.accounts.login(login, from: home)
        for _ in 0..<2 {
            try await fixture.accounts.logoutCustomer(refreshToken: tokens.refresh, accessToken: tokens.access)
        }
        #expect(await state(.token(tokens.access), fixture) == .tokenInvalid)
        #expect(await refusal { try await fixture.accounts.refresh(tokens.refresh) } == .tokenInvalid)
        let events = try await fixture.database.read { db in try Feed.events(after: 0, limit: 9, in: db) }
        #expect(events.map(\.endedSession) == [SessionID(token: tokens.access)])
        #expect(await state(.token(others.access), fixture) == nil)
        _ = try await fixture.accounts.refresh(others.refresh)
    }

    @Test("what a stream lives by holds until it expires: a session or an access token, but no refresh token")
    func streams() async throws {
        let fixture = try await Fixture()
        let tokens = try await fixture.accounts.login(login, from: home)
        let session = try await fixture.accounts.loginCustomer(login, replacing: nil, from: home)
        func expiry(_ token: String) async throws -> Timestamp? {
            try await fixture.database.read { db in try Accounts.expiry(of: SessionID(token: token), in: db) }
        }
        #expect(try await expiry(tokens.access) == tokens.accessExpires)
        #expect(try await expiry(session) != nil)
        #expect(try await expiry(tokens.refresh) == nil)
        try await fixture.execute("UPDATE token SET expires_at = 0")
        #expect(try await expiry(tokens.access) == nil)
        #expect(try await expiry(session) == nil)
        #expect(await state(.session(session), fixture) == .tokenExpired)
    }

    @Test("a session in use lives on, but not one that has expired, and no store's")
    func renewing() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.accounts.loginCustomer(login, replacing: nil, from: home)
        let store = try await fixture.session(expires: .seconds(60))
        func renew(_ token: String) async throws -> Bool {
            try await fixture.accounts.renew(customerSession: token)
        }
        #expect(try await !renew(session))
        try await fixture.execute("UPDATE token SET expires_at = (unixepoch() + 60) * 1000")
        #expect(try await renew(session))
        #expect(try await !renew(session))
        #expect(try await !renew(store))
        #expect(try await !fixture.accounts.renew(session: session))
        try await fixture.execute("UPDATE token SET expires_at = 0")
        #expect(try await !renew(session))
    }

    @Test("a wrong login gets no session, and counts for the same limit as one for tokens")
    func limits() async throws {
        let fixture = try await Fixture()
        let wrong = Accounts.Login(email: "customer@example.com", password: "wrong password")
        let stranger = Accounts.Login(email: "owner1@example.com", password: "password")
        #expect(
            await refusal { try await fixture.accounts.loginCustomer(stranger, replacing: nil, from: home) }
                == .wrongCredentials)
        var statuses: [Int?] = []
        for attempt in 0..<11 {
            let error = await refusal {
                if attempt.isMultiple(of: 2) {
                    _ = try await fixture.accounts.loginCustomer(wrong, replacing: nil, from: home)
                } else {
                    _ = try await fixture.accounts.login(wrong, from: home)
                }
            }
            statuses.append(error?.status)
        }
        #expect(statuses == Array(repeating: 401, count: 10) + [429])
        #expect(try await fixture.count("token") == 0)
    }
}
