import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("A process that dies in the middle of a payment or a refund", .serialized)
    struct PaymentCrashTests {
        /// Where a process dies with SIGKILL, for the order whose turn it is.
        private struct Death {
            let point: String
            var action: String?
            /// What the order is led to: how its money ends.
            let way: Way

            enum Way { case paid, cancelled, expired, rejected }

            func failpoint(_ order: Int) -> String {
                "\(point):crash:order=\(order)" + (action.map { ":action=\($0)" } ?? "")
            }
        }

        private static let deathsOfAPI =
            [
                "payment.before-begin", "payment.before-call", "payment.after-call", "payment.before-commit",
                "payment.after-commit",
            ].map { Death(point: $0, way: .paid) }
            + [
                Death(point: "order.change", action: "PAY", way: .paid),
                Death(point: "order.after-commit", action: "PAY", way: .paid),
            ]
            + ["refund.before-call", "refund.after-call", "refund.before-commit", "refund.after-commit"].map {
                Death(point: $0, way: .cancelled)
            }
            + [
                Death(point: "order.change", action: "CANCEL", way: .cancelled),
                Death(point: "order.after-commit", action: "CANCEL", way: .cancelled),
                Death(point: "deadline.before-change", way: .expired),
                Death(point: "order.change", action: "EXPIRE", way: .expired),
                Death(point: "deadline.after-change", way: .expired),
            ]

        private static let deathsOfAdmin = [
            Death(point: "order.change", action: "REJECT", way: .rejected),
            Death(point: "order.after-commit", action: "REJECT", way: .rejected),
        ]

        @Test("killed at each step of the saga, a restart makes the books right: each amount moves exactly once")
        func everyStep() async throws {
            let deaths = Self.deathsOfAPI + Self.deathsOfAdmin
            // Orders are numbered as they come, one for each death; an entry of the past would strike again.
            func failpoints(after count: Int) -> [String: String] {
                let entries = deaths.enumerated().filter { $0.offset >= count }
                    .map { $0.element.failpoint($0.offset + 1) }
                return ["FAILPOINTS": entries.joined(separator: ";")]
            }
            let stage = try await PaymentStage.start(environment: failpoints(after: 0))
            let owner = stage.pair.admin.http.with(cookie: try await stage.pair.session())
            for (offset, death) in deaths.enumerated() {
                let id = offset + 1
                let service = death.way == .rejected ? stage.pair.admin : stage.pair.api
                let placed = try? await stage.place()
                if let placed { #expect(placed.json["body"]["id"].int == id) }
                try await lead(id, death, stage, owner)
                _ = try await service.waitForExit(within: 15)
                try await service.startAgain(environment: failpoints(after: offset + 1))
                // What the order's people tried and got no answer to, they try again.
                try await lead(id, death, stage, owner)
                switch death.way {
                case .paid:
                    try await stage.waitFor("ORDER", id)
                    try await stage.expectPaid(id)
                case .cancelled, .expired, .rejected: try await stage.expectRefunded(id)
                }
            }
            try await expectAnnouncedOnce(deaths.count, stage)
            let (exit, output) = try await stage.reconcile()
            #expect(exit == .code(0), "\(output)")
            #expect(output.contains("looked at \(deaths.count) orders: 0 with something wrong"), "\(output)")
            try await stage.stop()
        }

        /// What people do to an order, as far as the process that dies lets them; nothing that was done already.
        private func lead(
            _ id: Int, _ death: Death, _ stage: PaymentStage, _ owner: HTTPTestClient
        ) async throws {
            switch death.way {
            case .paid: return
            case .cancelled:
                guard await (try? stage.status(id)) == "ORDER" else { return }
                _ = try? await stage.customer.post("/api/user-order/\(id)/cancel", json: [:])
            case .rejected:
                guard await (try? stage.status(id)) == "ORDER", stage.pair.admin.isRunning else { return }
                _ = try? await owner.post("/api/user-order/\(id)/reject", json: ["reason": "TOO_BUSY"])
            case .expired:
                // Its time is over at once.
                try await stage.execute("UPDATE user_order SET deadline_at = 1 WHERE id = \(id) AND status = 'ORDER'")
            }
        }

        /// Every order that was paid reached the store's log once, whatever died.
        private func expectAnnouncedOnce(_ count: Int, _ stage: PaymentStage) async throws {
            let stream = stage.pair.stream(try await stage.pair.session(), after: "0")
            try await stream.connect()
            try await stream.waitForOrders(Array(1...count), within: 20)
            #expect(stream.orders.sorted() == Array(1...count))
            stream.close()
        }

        @Test("what a crash left, the command mends while no service runs, and a second run finds nothing")
        func command() async throws {
            let stage = try await PaymentStage.start(environment: ["FAILPOINTS": "payment.after-call:crash:order=1"])
            _ = try? await stage.place()
            _ = try await stage.pair.api.waitForExit()
            try await stage.pair.admin.kill()
            // The gateway has the money, and nobody here knows.
            #expect(try await stage.ledger(1) == [])
            let paid = try await stage.reconcile()
            #expect(paid.exit == .code(0), "\(paid.output)")
            #expect(paid.output.contains("order 1: repaired: the gateway has its money"), "\(paid.output)")
            try await stage.expectPaid(1)

            // It has given it back, and nobody here knows.
            try await stage.execute("UPDATE user_order SET deadline_at = 1 WHERE id = 1")
            try await stage.pair.api.startAgain(environment: ["FAILPOINTS": "refund.after-call:crash:order=1"])
            _ = try await stage.pair.api.waitForExit()
            #expect(try await stage.ledger(1) == [8000])
            let refunded = try await stage.reconcile()
            #expect(refunded.exit == .code(0), "\(refunded.output)")
            #expect(refunded.output.contains("1 repaired, 0 left"), "\(refunded.output)")
            try await stage.expectRefunded(1)
            let again = try await stage.reconcile()
            #expect(again.exit == .code(0) && again.output.contains("0 with something wrong"), "\(again.output)")

            // What no rule explains is for a person.
            try await stage.execute("UPDATE ledger_entry SET amount = 1 WHERE order_id = 1 AND kind = 'CHARGE'")
            let left = try await stage.reconcile()
            #expect(left.exit == .code(1), "\(left.output)")
            #expect(left.output.contains("order 1: left: 1 won are charged"), "\(left.output)")
            try await stage.gateway.kill()
            let alone = try await stage.reconcile()
            #expect(alone.exit == .code(1) && alone.output.contains("the gateway was not asked"), "\(alone.output)")
            try await stage.stop()
        }
    }
}
