import Delivery
import SQLite
import Testing

@Suite("Store users")
struct StoreUserTests {
    private func registration(
        store: String, email: String = "new@example.com", role: String = "MASTER"
    ) throws -> Accounts.StoreRegistration {
        try JSON.decode(
            Accounts.StoreRegistration.self,
            try JSON.encode(["store_name": store, "email": email, "password": "a long password", "role": role]))
    }

    @Test("a new store name makes a store with its MASTER, who can log in")
    func newStore() async throws {
        let fixture = try await Fixture()
        let member = try await fixture.accounts.registerStoreUser(
            try registration(store: " 새 가게 "), session: nil, from: home)
        #expect(member.storeName == "새 가게")
        #expect(member.user.role == .master)
        let session = try await fixture.accounts.loginStoreUser(
            .init(email: "NEW@example.com", password: "a long password"), replacing: nil, from: home)
        let found = try await fixture.database.read { db in try Accounts.storeMember(session: session, in: db) }
        #expect(found == member)
    }

    @Test("the first user of a store must be its MASTER", arguments: ["ADMIN", "USER"])
    func firstUser(role: String) async throws {
        let fixture = try await Fixture()
        let bad = try registration(store: "새 가게", role: role)
        let error = await refusal { try await fixture.accounts.registerStoreUser(bad, session: nil, from: home) }
        #expect(error?.status == 400)
        #expect(try await fixture.count("store") == 3)
    }

    @Test("a role that does not exist is refused", arguments: ["master", "OWNER", ""])
    func unknownRole(role: String) {
        #expect(throws: DecodingError.self) { try registration(store: "새 가게", role: role) }
    }

    @Test("a store whose MASTER cannot be stored is not stored either")
    func allOrNothing() async throws {
        let fixture = try await Fixture()
        let bad = try registration(store: "새 가게", email: "owner1@example.com")
        #expect(
            await refusal { try await fixture.accounts.registerStoreUser(bad, session: nil, from: home) } == .emailTaken
        )
        #expect(try await fixture.count("store") == 3)
    }

    @Test("a store's MASTER adds users of every role")
    func masterAdds() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session()
        let name = try await fixture.database.read { db in
            try Accounts.storeMember(session: session, in: db).storeName
        }
        for role in StoreUser.Role.allCases where role.worksForStore {
            let member = try await fixture.accounts.registerStoreUser(
                try registration(store: name, email: "\(role)@example.com", role: role.rawValue), session: session,
                from: home)
            #expect(member.storeID == 1)
            #expect(member.user.role == role)
        }
    }

    @Test("nobody else adds users to a store: 403, and nothing is stored")
    func othersDoNot() async throws {
        let fixture = try await Fixture()
        let master = try await fixture.session()
        let name = try await fixture.database.read { db in
            try Accounts.storeMember(session: master, in: db).storeName
        }
        var sessions: [String?] = [nil, "", "nonsense"]
        sessions.append(try await fixture.session("owner2@example.com"))
        sessions.append(try await fixture.session(expires: .seconds(-1)))
        sessions.append(try await fixture.token())
        for role in ["ADMIN", "USER"] {
            let email = "\(role.lowercased())@example.com"
            _ = try await fixture.accounts.registerStoreUser(
                try registration(store: name, email: email, role: role), session: master, from: home)
            sessions.append(try await fixture.session(email))
        }
        let before = try await fixture.count("store_user")
        for session in sessions {
            let attempt = try registration(store: name)
            #expect(
                await refusal { try await fixture.accounts.registerStoreUser(attempt, session: session, from: home) }
                    == .forbidden)
        }
        #expect(try await fixture.count("store_user") == before)
    }

    @Test("every demo owner logs in, and owner N has store N as its MASTER", arguments: 1...3)
    func demoOwners(number: Int) async throws {
        let fixture = try await Fixture()
        let session = try await fixture.accounts.loginStoreUser(
            .init(email: "owner\(number)@example.com", password: DemoData.password), replacing: nil, from: home)
        let member = try await fixture.database.read { db in try Accounts.storeMember(session: session, in: db) }
        #expect(member.storeID == number)
        #expect(member.user.role == .master)
    }

    @Test("a wrong login gets no session")
    func wrongLogin() async throws {
        let fixture = try await Fixture()
        for (email, password) in [
            ("owner1@example.com", "wrong password"), ("nobody@example.com", "password"),
            ("customer@example.com", "password"), ("", ""),
        ] {
            let attempt = Accounts.Login(email: email, password: password)
            #expect(
                await refusal { try await fixture.accounts.loginStoreUser(attempt, replacing: nil, from: home) }
                    == .wrongCredentials)
        }
        #expect(try await fixture.count("token") == 0)
    }

    @Test("logging out ends that session and no other; logging in again ends the old one")
    func logout() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.session()
        let second = try await fixture.session()
        func state(_ session: String) async -> DeliveryError? {
            await refusal {
                try await fixture.database.read { db in try Accounts.storeMember(session: session, in: db) }
            }
        }
        try await fixture.accounts.logoutStoreUser(session: first)
        try await fixture.accounts.logoutStoreUser(session: first)
        #expect(await state(first) == .tokenInvalid)
        #expect(await state(second) == nil)
        let third = try await fixture.accounts.loginStoreUser(
            .init(email: "owner1@example.com", password: "password"), replacing: second, from: home)
        #expect(await state(second) == .tokenInvalid)
        #expect(await state(third) == nil)
    }

    @Test("a customer's token cannot be logged out as a session")
    func logoutOfAnotherKind() async throws {
        let fixture = try await Fixture()
        let token = try await fixture.token()
        try await fixture.accounts.logoutStoreUser(session: token)
        _ = try await fixture.place(token: token)
    }

    @Test("a session in use lives on, but not one that has expired or was ended")
    func renewing() async throws {
        let fixture = try await Fixture()
        func expiry(_ session: String) async throws -> Int? {
            try await fixture.database.read { db in
                try db.first("SELECT expires_at FROM token WHERE hash = ?", Secrets.sha256(session)) { try $0.int(0) }
            }
        }
        let old = try await fixture.session(expires: .seconds(60))
        let fresh = try await fixture.session(expires: Accounts.sessionLifetime)
        let expired = try await fixture.session(expires: .seconds(-60))
        let before = (try await expiry(fresh), try await expiry(expired))
        var renewed: [Bool] = []
        for session in [old, fresh, expired, "unknown", old] {
            renewed.append(try await fixture.accounts.renew(session: session))
        }
        #expect(renewed == [true, false, false, false, false])
        let soon = Timestamp.now.adding(Accounts.sessionLifetime - .seconds(3600)).milliseconds
        #expect(try #require(try await expiry(old)) > soon)
        #expect(try await expiry(fresh) == before.0)
        #expect(try await expiry(expired) == before.1)
        #expect(try await expiry("unknown") == nil)
    }

    @Test("a store user who has left, or whose status is unknown, has no session", arguments: ["UNREGISTERED", "???"])
    func left(status: String) async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session()
        try await fixture.execute("UPDATE store_user SET status = '\(status)'")
        #expect(
            await refusal {
                try await fixture.database.read { db in try Accounts.storeMember(session: session, in: db) }
            }
                == .tokenInvalid)
        let attempt = Accounts.Login(email: "owner1@example.com", password: "password")
        #expect(
            await refusal { try await fixture.accounts.loginStoreUser(attempt, replacing: nil, from: home) }
                == .wrongCredentials)
    }

    @Test("a role that this version does not know may do nothing special")
    func unknownStoredRole() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session()
        try await fixture.execute("UPDATE store_user SET role = 'EMPEROR' WHERE store_id IS NOT NULL")
        let member = try await fixture.database.read { db in try Accounts.storeMember(session: session, in: db) }
        #expect(member.user.role == .user)
    }
}
