import Delivery
import SQLite
import Testing

@Suite("A store's settings")
struct StoreSettingsTests {
    private let now = Timestamp.now

    private func change(_ json: String) throws -> StoreSettingsChange {
        try JSON.decode(StoreSettingsChange.self, octets(json))
    }

    @Test("a store that has said nothing has the initial ones, and shows a missing pause as null")
    func initial() async throws {
        let fixture = try await Fixture()
        let settings = try await fixture.database.read { db in try Stores.settings(store: 1, in: db) }
        #expect(settings == .initial)
        let text = String(decoding: try JSON.encode(settings), as: UTF8.self)
        #expect(
            text
                == #"{"area_codes":[],"auto_accept":false,"busy_minutes":0,"default_prep_minutes":20,"paused_until":null}"#
        )
    }

    @Test("what is not named stays, and null ends a pause alone")
    func subset() throws {
        var old = StoreSettings.initial
        old.pausedUntil = now.adding(.seconds(60))
        old.areaCodes = ["서울 마포구"]
        #expect(try change("{}").applied(to: old, by: .master, at: now) == old)
        let all = #"{"auto_accept":null,"default_prep_minutes":null,"busy_minutes":null,"area_codes":null,"x":1}"#
        #expect(try change(all).applied(to: old, by: .master, at: now) == old)
        var ended = old
        ended.pausedUntil = nil
        #expect(try change(#"{"paused_until":null}"#).applied(to: old, by: .master, at: now) == ended)
        let new = try change(
            #"{"auto_accept":true,"default_prep_minutes":240,"busy_minutes":180,"area_codes":[" 서울  강남구 ","부산"]}"#
        ).applied(to: ended, by: .admin, at: now)
        #expect(new.acceptsByItself && new.defaultPrepMinutes == 240 && new.busyMinutes == 180)
        #expect(new.areaCodes == ["서울  강남구", "부산"])
        #expect(new.estimatedMinutes == 240)
    }

    @Test(
        "what is out of range is refused by its name",
        arguments: [
            (#"{"default_prep_minutes":0}"#, "default_prep_minutes"),
            (#"{"default_prep_minutes":241}"#, "default_prep_minutes"),
            (#"{"busy_minutes":-1}"#, "busy_minutes"), (#"{"busy_minutes":181}"#, "busy_minutes"),
            (#"{"paused_until":"2020-01-01T00:00:00Z"}"#, "paused_until"),
            (#"{"paused_until":"9999-12-31T23:59:59Z"}"#, "paused_until"),
            (#"{"area_codes":["서울",""]}"#, "area_codes[1]"), (#"{"area_codes":["a\u0000"]}"#, "area_codes[0]"),
        ])
    func refused(json: String, field: String) async throws {
        let error = await refusal { try change(json).applied(to: .initial, by: .master, at: now) }
        #expect(error?.status == 400)
        #expect(error?.description.hasPrefix("\(field):") == true, "\(String(describing: error))")
    }

    @Test(
        "what is of another type is refused",
        arguments: [
            #"{"auto_accept":1}"#, #"{"busy_minutes":"10"}"#, #"{"busy_minutes":1.5}"#, #"{"paused_until":5}"#,
            #"{"paused_until":"soon"}"#, #"{"area_codes":"서울"}"#, #"{"area_codes":[null]}"#, "[]",
        ])
    func mistyped(json: String) {
        #expect(throws: DecodingError.self) { try change(json) }
    }

    @Test("a USER decides what changes from hour to hour, MASTER and ADMIN how the store is run")
    func roles() async throws {
        let daily = try change(#"{"busy_minutes":10,"auto_accept":false,"default_prep_minutes":20,"area_codes":[]}"#)
        for role in [StoreUser.Role.master, .admin, .user] {
            #expect(try daily.applied(to: .initial, by: role, at: now).busyMinutes == 10)
        }
        for json in [#"{"auto_accept":true}"#, #"{"default_prep_minutes":30}"#, #"{"area_codes":["서울"]}"#] {
            #expect(await refusal { try change(json).applied(to: .initial, by: .user, at: now) } == .forbidden)
            for role in [StoreUser.Role.master, .admin] {
                #expect(try change(json).applied(to: .initial, by: role, at: now) != .initial)
            }
        }
    }

    @Test("a change is stored and told to the tabs of that store, once; what is not changed is told to nobody")
    func stored() async throws {
        let fixture = try await Fixture()
        let session = try await fixture.session()
        let change = try change(#"{"busy_minutes":15,"paused_until":"\#(now.adding(.seconds(3600)))"}"#)
        let results = try await fixture.database.write { db in
            let member = try Accounts.storeMember(session: session, in: db)
            return try (0..<2).map { _ in try Stores.change(change, by: member, in: db) }
        }
        #expect(results[0].settings == results[1].settings)
        #expect(results[0].settings.estimatedMinutes == 35)
        #expect(results[1].event == nil)
        let event = try #require(results[0].event)
        #expect(event.topic == .store(1) && event.name == "store-settings")
        #expect(try JSON.decode(StoreSettings.self, event.data) == results[0].settings)
        let (own, other) = try await fixture.database.read { db in
            (try Stores.settings(store: 1, in: db), try Stores.settings(store: 2, in: db))
        }
        #expect(own == results[0].settings && other == .initial)
    }

    @Test("a pause ends by the clock, without anybody's doing")
    func pauseEnds() async throws {
        let fixture = try await Fixture()
        try await fixture.execute("INSERT INTO store_setting(store_id, paused_until) VALUES (1, 5000)")
        for (time, pause) in [(4999, Timestamp(milliseconds: 5000)), (5000, nil), (5001, nil)] {
            let settings = try await fixture.database.read { db in
                try Stores.settings(store: 1, at: Timestamp(milliseconds: time), in: db)
            }
            #expect(settings.pausedUntil == pause)
        }
    }
}
