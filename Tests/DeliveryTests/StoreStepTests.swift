import Delivery
import SQLite
import Testing

@Suite("A store's steps")
struct StoreStepTests {
    private func step(
        _ fixture: Fixture, _ step: StoreStep, _ order: Int, by email: String = "owner1@example.com",
        at time: Timestamp = .now
    ) async throws -> OrderListEntry {
        let session = try await fixture.session(email)
        return try await fixture.database.write { db in
            let member = try Accounts.storeMember(session: session, in: db)
            return try Orders.step(step, order: order, by: member, at: time, telling: fixture.told.news(), in: db)
        }
    }

    @Test("an order goes from step to step, and its timeline says who did what")
    func wholeWay() async throws {
        let fixture = try await Fixture()
        let order = try await fixture.place(token: try await fixture.token()).order
        let steps: [(StoreStep, OrderStatus)] = [
            (.accept(prepMinutes: 15), .accept), (.startCooking, .cooking), (.finishCooking, .cooked),
            (.startDelivery, .delivery), (.receiveDelivery, .delivered),
        ]
        for (index, (wanted, status)) in steps.enumerated() {
            let entry = try await step(fixture, wanted, order.id)
            #expect(entry.order.status == status)
            #expect(entry.order.prepMinutes == 15)
            #expect(entry.timeline?.count == index + 2)
            #expect(entry.timeline?.last?.actor == .store)
        }
        let again = await refusal { try await step(fixture, .startCooking, order.id) }
        #expect(again?.status == 409 && again?.resultCode == 3001)
    }

    @Test("without minutes a store promises its default and what a busy kitchen needs longer")
    func defaultMinutes() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            "INSERT INTO store_setting(store_id, default_prep_minutes, busy_minutes) VALUES (1, 25, 10)")
        let order = try await fixture.place(token: try await fixture.token()).order
        let now = Timestamp.now
        let entry = try await step(fixture, .accept(prepMinutes: nil), order.id, at: now)
        #expect(entry.order.prepMinutes == 35)
        #expect(entry.order.readyAt == now.adding(.seconds(35 * 60)))
    }

    @Test("a store rejects with a reason and a note; an accepted order only when it knows that it is accepted")
    func reject() async throws {
        let fixture = try await Fixture()
        let order = try await fixture.place(token: try await fixture.token()).order
        _ = try await step(fixture, .accept(prepMinutes: nil), order.id)
        let stale = StoreStep.reject(.tooBusy, note: nil, expected: nil)
        #expect(await refusal { try await step(fixture, stale, order.id) }?.resultCode == 3001)
        let wrong = StoreStep.reject(.tooBusy, note: nil, expected: .order)
        #expect(await refusal { try await step(fixture, wrong, order.id) }?.resultCode == 3001)
        let entry = try await step(fixture, .reject(.outOfItems, note: "두부가 없어요", expected: .accept), order.id)
        #expect(entry.order.status == .reject && entry.order.reason == .outOfItems)
        #expect(entry.order.reasonNote == "두부가 없어요" && entry.order.closedAt != nil)
        let sum = try await fixture.database.read { db in
            try Ledger.entries(order: order.id, in: db).reduce(0) { $0 + $1.amount }
        }
        #expect(sum == 0)
    }

    @Test("another store's order is not there, nor is one that is not paid")
    func foreign() async throws {
        let fixture = try await Fixture()
        let order = try await fixture.place(token: try await fixture.token()).order
        let steps: [StoreStep] = [
            .accept(prepMinutes: nil), .reject(.other, note: nil, expected: nil), .startCooking, .finishCooking,
            .startDelivery, .receiveDelivery,
        ]
        for wanted in steps {
            let error = await refusal { try await step(fixture, wanted, order.id, by: "owner2@example.com") }
            #expect(error == .orderNotFound)
        }
        try await fixture.execute("UPDATE user_order SET status = 'REGISTERED', paid_at = NULL")
        for wanted in steps {
            #expect(await refusal { try await step(fixture, wanted, order.id) } == .orderNotFound)
        }
    }

    @Test(
        "the body of accept",
        arguments: [
            (#"{}"#, nil), (#"{"prep_minutes":null}"#, nil), (#"{"prep_minutes":1,"x":[]}"#, 1),
            (#"{"prep_minutes":240}"#, 240),
        ] as [(String, Int?)])
    func acceptance(json: String, minutes: Int?) throws {
        #expect(
            try JSON.decode(StoreStep.Acceptance.self, octets(json)).step == .accept(prepMinutes: minutes))
    }

    @Test(
        "minutes, reasons, notes and statuses are checked",
        arguments: [
            (#"{"prep_minutes":0}"#, true), (#"{"prep_minutes":241}"#, true), (#"{"prep_minutes":"20"}"#, true),
            (#"{"prep_minutes":2.5}"#, true), (#"{"prep_minutes":99999999999999999999}"#, true),
            (#"{}"#, false), (#"{"reason":null}"#, false), (#"{"reason":"BORED"}"#, false), (#"{"reason":7}"#, false),
            (#"{"reason":"OTHER","note":7}"#, false), (#"{"reason":"OTHER","note":"a\u202Eb"}"#, false),
            (#"{"reason":"OTHER","expected_status":"accept"}"#, false),
        ])
    func refused(json: String, isAcceptance: Bool) {
        #expect(throws: (any Error).self) {
            if isAcceptance {
                _ = try JSON.decode(StoreStep.Acceptance.self, octets(json))
            } else {
                _ = try JSON.decode(StoreStep.Rejection.self, octets(json))
            }
        }
    }

    @Test("a note has at most 200 characters, and an empty one is none")
    func notes() async throws {
        func note(_ text: String) throws -> StoreStep {
            try JSON.decode(
                StoreStep.Rejection.self, JSON.encode(["reason": "OTHER", "note": text, "expected_status": "ORDER"])
            ).step
        }
        #expect(try note(" \n ") == .reject(.other, note: nil, expected: .order))
        let longest = String(repeating: "가", count: 200)
        #expect(try note(longest) == .reject(.other, note: longest, expected: .order))
        let error = await refusal { try note(longest + "나") }
        #expect(error?.status == 400 && error?.description.hasPrefix("note:") == true)
    }
}
