import Delivery
import SQLite
import Testing

@Suite("Riders' accounts")
struct RiderAccountTests {
    private func registration(
        name: String = " 박바람 ", email: String = "new@example.com", areas: [String]? = ["서울 마포구"]
    ) throws -> Accounts.RiderRegistration {
        var fields: [String: JSONValue] = [
            "name": .string(name), "email": .string(email), "password": .string("a long password"),
            "role": .string("RIDER"),
        ]
        if let areas { fields["area_codes"] = .array(areas.map { .string($0) }) }
        return try JSON.decode(Accounts.RiderRegistration.self, try JSON.encode(fields))
    }

    @Test("an operator makes a rider, who logs in and works for no store")
    func register() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session("operator@example.com")
        let rider = try await fixture.accounts.registerRider(try registration(), session: session, from: home)
        #expect(rider.name == "박바람" && rider.area.codes == ["서울 마포구"])
        #expect(rider.user.role == .rider && rider.user.storeID == nil)
        let login = Accounts.Login(email: "new@example.com", password: "a long password")
        let own = try await fixture.accounts.loginStoreUser(login, replacing: nil, from: home)
        #expect(try await fixture.database.read { db in try Accounts.storeRider(session: own, in: db) } == rider)
        let store = await refusal {
            try await fixture.database.read { db in try Accounts.storeMember(session: own, in: db) }
        }
        #expect(store == .forbidden)
        let operators = await refusal {
            try await fixture.database.read { db in try Accounts.storeOperator(session: own, in: db) }
        }
        #expect(operators == .forbidden)
        let again = try registration()
        #expect(
            await refusal { try await fixture.accounts.registerRider(again, session: session, from: home) }
                == .emailTaken)
        let everywhere = try registration(email: "other@example.com", areas: nil)
        #expect(
            try await fixture.accounts.registerRider(everywhere, session: session, from: home).area == .everywhere)
    }

    @Test("nobody else makes riders: 403, and nothing is stored")
    func othersDoNot() async throws {
        let fixture = try await Fixture()
        var sessions: [String?] = [nil, "", "nonsense", try await fixture.token()]
        for email in ["owner1@example.com", "rider@example.com"] { sessions.append(try await fixture.session(email)) }
        sessions.append(try await fixture.session("operator@example.com", expires: .seconds(-1)))
        let before = try await (fixture.count("store_user"), fixture.count("rider"))
        let attempt = try registration()
        for session in sessions {
            #expect(
                await refusal { try await fixture.accounts.registerRider(attempt, session: session, from: home) }
                    == .forbidden)
        }
        #expect(try await (fixture.count("store_user"), fixture.count("rider")) == before)
    }

    @Test(
        "a rider's fields are checked, and the description names the one that is wrong",
        arguments: [
            ("", "new@example.com", [], "name"), ("x", "x", [], "email"), ("x", "a@b.kr", [""], "area_codes[0]"),
        ])
    func fields(name: String, email: String, areas: [String], field: String) async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session("operator@example.com")
        let bad = try registration(name: name, email: email, areas: areas)
        let error = await refusal { try await fixture.accounts.registerRider(bad, session: session, from: home) }
        #expect(error?.status == 400 && error?.description.hasPrefix("\(field):") == true)
    }

    @Test("a store does not make riders")
    func storesDoNot() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session()
        let bad = try JSON.decode(
            Accounts.StoreRegistration.self,
            try JSON.encode([
                "store_name": "한솥부엌 홍대점", "email": "new@example.com", "password": "a long password", "role": "RIDER",
            ]))
        let error = await refusal { try await fixture.accounts.registerStoreUser(bad, session: session, from: home) }
        #expect(error?.status == 400)
    }

    @Test("the demo rider logs in and delivers everywhere")
    func demo() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.accounts.loginStoreUser(
            .init(email: "rider@example.com", password: DemoData.password), replacing: nil, from: home)
        let rider = try await fixture.database.read { db in try Accounts.storeRider(session: session, in: db) }
        #expect(rider.area == .everywhere)
    }

    @Test("a rider's role without a rider's row may do nothing")
    func halfRider() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session("rider@example.com")
        try await fixture.execute("DELETE FROM rider")
        #expect(
            await refusal {
                try await fixture.database.read { db in try Accounts.storeRider(session: session, in: db) }
            } == .forbidden)
    }
}
