import Delivery
import SQLite
import Testing

@Suite("The steps of a payment")
struct PaymentStepTests {
    private let claim = PaymentClaim(instance: 1, until: Timestamp.now.adding(.seconds(60)))
    private static let decisions: [PaymentDecision] = [
        .approved(paymentID: "p-1"), .declined(reason: "insufficient funds"),
    ]

    /// A registered order of 8,000 won, and what is done with it.
    private struct Case {
        let fixture: Fixture
        let id: Int
        let customer: Int

        init() async throws {
            fixture = try await Fixture()
            let orders = Orders(database: fixture.database, news: fixture.told.news(), hasGateway: true)
            id = try await orders.place(
                OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 1)]), by: .token(try await fixture.token())
            ).order.id
            customer = try await fixture.customerID()
        }

        func begin(_ claim: PaymentClaim) async throws -> OrderPayment? {
            try await fixture.database.write { [id] db in try OrderPayment.begin(id, claim, at: .now, in: db) }
        }

        func finish(_ decision: PaymentDecision) async throws {
            let news = fixture.told.news()
            try await fixture.database.write { [id] db in
                try OrderPayment.finish(id, decision, at: .now, telling: news, in: db)
            }
        }

        func fail(next: Timestamp = .now) async throws {
            let news = fixture.told.news()
            try await fixture.database.write { [id] db in
                try OrderPayment.fail(id, "no answer", next: next, at: .now, telling: news, in: db)
            }
        }

        func change(_ action: OrderAction, _ actor: OrderActor) async throws {
            let news = fixture.told.news()
            try await fixture.database.write { [id] db in
                _ = try Orders.change(id, OrderChange(action, by: actor), telling: news, in: db)
            }
        }

        func finishCancel(_ returned: GatewayPayment?) async throws {
            let news = fixture.told.news()
            try await fixture.database.write { [id] db in
                try OrderPayment.finishCancel(id, returned, at: .now, telling: news, in: db)
            }
        }

        func due(_ claim: PaymentClaim, at time: Timestamp = .now) async throws -> [PaymentState] {
            try await fixture.database.write { db in
                try OrderPayment.claimDue(claim, limit: 10, at: time, in: db).map(\.state)
            }
        }

        var payment: OrderPayment {
            get async throws {
                let found = try await fixture.database.read { [id] db in try OrderPayment.find(id, in: db) }
                return try #require(found)
            }
        }

        var status: OrderStatus {
            get async throws {
                try await fixture.database.read { [id, customer] db in
                    try Orders.find(id, customer: customer, in: db).order.status
                }
            }
        }

        var ledger: [Int] {
            get async throws {
                try await fixture.database.read { [id] db in try Ledger.entries(order: id, in: db).map(\.amount) }
            }
        }
    }

    private static let returned = GatewayPayment(status: .cancelled, paymentID: "p-1", amount: 8000)

    @Test("an attempt that is approved pays the order and books its charge, once")
    func approved() async throws {
        let it = try await Case()
        let begun = try #require(try await it.begin(claim))
        #expect(begun.state == .approving && begun.amount == 8000)
        try await it.finish(.approved(paymentID: "p-1"))
        try await it.finish(.approved(paymentID: "p-1"))
        #expect(try await it.status == .order)
        #expect(try await it.payment.state == .approved)
        #expect(try await it.ledger == [8000])
        #expect(it.fixture.told.messages.filter { $0.routingKey == "delivery.key" }.count == 1)
        #expect(try await it.begin(claim) == nil)
    }

    @Test("a declined order waits for its customer, who may try again")
    func declined() async throws {
        let it = try await Case()
        _ = try await it.begin(claim)
        try await it.finish(.declined(reason: "insufficient funds"))
        #expect(try await it.status == .paymentPending)
        #expect(try await it.payment.view.message.contains("insufficient funds"))
        #expect(try await it.due(claim, at: Timestamp.now.adding(.seconds(3600))) == [])
        #expect(it.fixture.told.events.map(\.name) == ["order-status", "payment"])
        #expect(try await it.begin(claim) != nil)
        try await it.finish(.approved(paymentID: "p-1"))
        #expect(try await it.status == .order)
    }

    @Test("an attempt without an answer is due again when its wait is over, and only then")
    func unknown() async throws {
        let it = try await Case()
        _ = try await it.begin(claim)
        let now = Timestamp.now
        try await it.fail(next: now.adding(.seconds(5)))
        #expect(try await it.status == .paymentPending)
        #expect(try await it.due(claim, at: now.adding(.seconds(4))) == [])
        #expect(try await it.due(claim, at: now.adding(.seconds(6))) == [.approving])
    }

    @Test("what one instance works on no other one takes, until its claim is over or the instance is gone")
    func claims() async throws {
        let it = try await Case()
        try await it.fixture.execute(
            "INSERT INTO instance(id, service, started_at) VALUES (1, 'api', 0), (2, 'api', 0)")
        let now = Timestamp.now
        let short = PaymentClaim(instance: 1, until: now.adding(.seconds(600)))
        #expect(try await it.begin(short) != nil)
        #expect(try await it.begin(PaymentClaim(instance: 2, until: now)) == nil)
        let other = PaymentClaim(instance: 2, until: now.adding(.seconds(900)))
        #expect(try await it.due(other, at: now.adding(.seconds(599))) == [])
        #expect(try await it.due(other, at: now.adding(.seconds(601))) == [.approving])
        #expect(try await it.due(short, at: now.adding(.seconds(700))) == [])
        try await it.fixture.execute("DELETE FROM instance WHERE id = 2")
        #expect(try await it.due(short, at: now.adding(.seconds(700))) == [.approving])
    }

    @Test("a claimed payment that could not be worked on is as it was before")
    func givenBack() async throws {
        let it = try await Case()
        let later = Timestamp.now.adding(.seconds(3))
        let taken = try await it.fixture.database.write { [claim] db in
            try OrderPayment.claimDue(claim, limit: 1, at: later, in: db)
        }
        let before = try #require(taken.first)
        #expect(try await it.payment.state == .approving)
        try await it.fixture.database.write { db in try OrderPayment.giveBack(before, at: later, in: db) }
        #expect(try await it.payment.state == .waiting)
        #expect(try await it.payment.attempts == 0)
        #expect(try await it.due(claim, at: later) == [])
        #expect(try await it.due(claim, at: later.adding(.seconds(1))) == [.waiting])
    }

    @Test("a paid order that ends is given back: both entries, once, and only when the gateway has done it")
    func refunded() async throws {
        let it = try await Case()
        _ = try await it.begin(claim)
        try await it.finish(.approved(paymentID: "p-1"))
        try await it.change(.cancel, .customer(it.customer))
        #expect(try await it.payment.state == .cancelWanted)
        #expect(try await it.ledger == [8000])
        #expect(try await it.due(claim) == [.cancelWanted])
        try await it.finishCancel(Self.returned)
        try await it.finishCancel(Self.returned)
        #expect(try await it.ledger == [8000, -8000])
        #expect(try await it.payment.state == .cancelled)
    }

    @Test("an order that is cancelled while its approval is on its way ends cancelled, whatever comes first")
    func crossing() async throws {
        for isApprovedFirst in [true, false] {
            let it = try await Case()
            _ = try await it.begin(claim)
            try await it.change(.cancel, .customer(it.customer))
            #expect(try await it.due(PaymentClaim(instance: 1, until: .now)) == [.cancelWanted])
            if isApprovedFirst { try await it.finish(.approved(paymentID: "p-1")) }
            try await it.finishCancel(Self.returned)
            if !isApprovedFirst { try await it.finish(.approved(paymentID: "p-1")) }
            #expect(try await it.status == .cancel)
            #expect(try await it.payment.state == .cancelled)
            #expect(try await it.ledger == [8000, -8000])
        }
    }

    @Test("an order that ends before anything was sent needs no gateway; after a decline it does")
    func voided() async throws {
        let never = try await Case()
        try await never.change(.expire, .system)
        #expect(try await never.payment.state == .cancelled)
        let declined = try await Case()
        _ = try await declined.begin(claim)
        try await declined.finish(.declined(reason: "no"))
        try await declined.change(.expire, .system)
        #expect(try await declined.payment.state == .cancelWanted)
        try await declined.finishCancel(nil)
        #expect(try await declined.ledger == [])
    }

    @Test("times that lie ahead since the clock was set back come to the present")
    func clock() async throws {
        let it = try await Case()
        _ = try await it.begin(PaymentClaim(instance: 1, until: .now))
        try await it.fail(next: Timestamp.now.adding(.seconds(3600)))
        #expect(try await it.due(claim) == [])
        try await it.fixture.database.write { db in try OrderPayment.mendTimes(at: .now, in: db) }
        #expect(try await it.due(claim) == [.approving])
    }

    @Test("an order whose time is over expires once, and a delivered one is received")
    func deadlines() async throws {
        let it = try await Case()
        let news = it.fixture.told.news()
        func pass(_ time: Timestamp) async throws -> OrderStatus? {
            try await it.fixture.database.write { [id = it.id] db in
                try Orders.passDeadline(id, at: time, telling: news, in: db)
            }
        }
        #expect(try await pass(.now) == nil)
        let late = Timestamp.now.adding(.seconds(31 * 60))
        #expect(try await pass(late) == .expired)
        #expect(try await pass(late) == nil)
        #expect(try await it.payment.state == .cancelled)
    }
}
