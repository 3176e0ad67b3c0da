import Delivery
import Testing

@Suite("Reconciliation of orders, ledger, payments and gateway")
struct ReconciliationTests {
    private static let approved = OrderBooks.Gateway.known(
        GatewayPayment(status: .approved, paymentID: "p-1", amount: 8000))
    private static let cancelled = OrderBooks.Gateway.known(
        GatewayPayment(status: .cancelled, paymentID: "p-1", amount: 8000))
    private static let tombstone = OrderBooks.Gateway.known(
        GatewayPayment(status: .cancelled, paymentID: nil, amount: 0))
    private static let declined = OrderBooks.Gateway.known(
        GatewayPayment(status: .declined, paymentID: nil, amount: 8000))

    private static func books(
        _ status: OrderStatus, paid: Bool, _ ledger: [Int], _ payment: PaymentState?, _ gateway: OrderBooks.Gateway,
        age: Duration = .zero
    ) -> OrderBooks {
        OrderBooks(
            order: 7, status: status, isPaid: paid, amount: 8000, charge: ledger.first { $0 > 0 },
            refund: ledger.first { $0 < 0 }, payment: payment, age: age, gateway: gateway)
    }

    @Test(
        "books that fit are left alone",
        arguments: [
            books(.registered, paid: false, [], .waiting, .unknown),
            books(.registered, paid: false, [], .approving, .unknown, age: .seconds(59)),
            books(.paymentPending, paid: false, [], .approving, .unknown, age: .seconds(600)),
            books(.paymentPending, paid: false, [], .declined, declined),
            books(.paymentPending, paid: false, [], .waiting, declined),
            books(.order, paid: true, [8000], .approved, approved),
            books(.receive, paid: true, [8000], .approved, approved),
            books(.order, paid: true, [8000], nil, .none),
            books(.cancel, paid: true, [8000, -8000], nil, .none),
            books(.cancel, paid: true, [8000, -8000], .cancelled, cancelled),
            books(.cancel, paid: false, [8000, -8000], .cancelled, cancelled),
            books(.cancel, paid: false, [], .cancelled, tombstone),
            books(.expired, paid: false, [], .cancelled, .unknown),
        ])
    func right(_ books: OrderBooks) {
        #expect(Discrepancy.first(in: books) == nil)
    }

    @Test(
        "what a crash can leave has a repair",
        arguments: [
            // The gateway approved, and the process died before it was stored.
            (books(.registered, paid: false, [], .approving, approved), .pay(paymentID: "p-1")),
            (books(.paymentPending, paid: false, [], .waiting, approved), .pay(paymentID: "p-1")),
            (books(.paymentPending, paid: false, [], .approving, declined), .decline(reason: "declined before")),
            (
                books(.paymentPending, paid: false, [], .approving, tombstone),
                .decline(reason: "the gateway has cancelled it")
            ),
            (books(.registered, paid: false, [], .waiting, .unknown, age: .seconds(61)), .payLater),
            (books(.paymentPending, paid: false, [], .approved, .unknown), .tryAgain),
            // A refund that was wanted, made and not stored, or never begun.
            (books(.reject, paid: true, [8000], .cancelWanted, approved), .giveBack),
            (books(.reject, paid: true, [8000], .cancelWanted, cancelled), .giveBack),
            (books(.cancel, paid: false, [], .cancelWanted, .unknown), .giveBack),
            (books(.cancel, paid: false, [], .approving, .unknown), .giveBack),
            (books(.cancel, paid: false, [], .cancelled, approved), .giveBack),
            (books(.expired, paid: true, [8000], .cancelled, cancelled), .giveBack),
            (books(.order, paid: true, [8000], .approving, approved), .noteApproved(paymentID: "p-1")),
            (books(.order, paid: true, [], .approved, approved), .bookCharge),
            (books(.order, paid: true, [], nil, .none), .bookCharge),
            (books(.reject, paid: true, [8000], nil, .none), .bookRefund),
        ] as [(OrderBooks, Discrepancy.Repair)])
    func repairs(_ books: OrderBooks, _ repair: Discrepancy.Repair) {
        #expect(Discrepancy.first(in: books)?.repair == repair)
    }

    @Test(
        "what no rule mends is left to a person",
        arguments: [
            books(.order, paid: true, [8000], .approved, .unknown),
            books(.order, paid: true, [8000], .approved, cancelled),
            books(.order, paid: true, [8000, -8000], .approved, approved),
            books(.order, paid: true, [9000], .approved, approved),
            books(.cancel, paid: true, [8000, -7000], .cancelled, cancelled),
            books(.cancel, paid: true, [8000, -8000], .cancelled, .unknown),
            books(.paymentPending, paid: false, [8000], .waiting, .unknown),
            books(.paymentPending, paid: false, [], nil, .none),
            books(.order, paid: true, [8000], .approved, .none),
            books(
                .order, paid: true, [8000], .approved,
                .known(GatewayPayment(status: .approved, paymentID: "p-1", amount: 7000))),
        ])
    func left(_ books: OrderBooks) throws {
        let found = try #require(Discrepancy.first(in: books))
        #expect(found.repair == nil)
    }

    @Test("every combination is judged without a trap, and a paid order never loses its money by a repair")
    func everything() {
        let gateways: [OrderBooks.Gateway] = [
            .none, .unknown, Self.approved, Self.cancelled, Self.tombstone, Self.declined,
        ]
        for status in OrderStatus.allCases {
            for payment in PaymentState.allCases.map(Optional.some) + [nil] {
                for gateway in gateways {
                    for ledger in [[], [8000], [8000, -8000]] {
                        for isPaid in [false, true] {
                            let books = Self.books(status, paid: isPaid, ledger, payment, gateway)
                            let repair = Discrepancy.first(in: books)?.repair
                            if !status.isRefunded { #expect(repair != .giveBack && repair != .bookRefund) }
                            if status.isRefunded {
                                if case .pay = repair { Issue.record("an ended order is paid: \(books)") }
                            }
                        }
                    }
                }
            }
        }
    }
}
