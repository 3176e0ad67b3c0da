import Delivery
import SQLite
import Testing

/// Orders with histories as they come about by chance, and the messages that were announced of them.
struct OrderHistories {
    struct Message {
        let type: String
        let body: [UInt8]
    }

    let messages: [Message]

    /// Places orders and does to each what somebody may do to it, a few times.
    static func make(_ fixture: Fixture, orders: Int, seed: Int) async throws -> OrderHistories {
        var random = SeededRandom(UInt64(seed) + 1)
        let token = try await fixture.token()
        var ids: [Int] = []
        for _ in 0..<orders {
            ids.append(
                try await fixture.place(
                    store: Int.random(in: 1...3, using: &random), quantity: Int.random(in: 1...3, using: &random),
                    token: token
                ).order.id)
        }
        let plan = ids.map { id in
            (
                id,
                (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    OrderAction.allCases.randomElement(using: &random)
                }
            )
        }
        return try await fixture.database.write { db in
            let customer = try db.one("SELECT id FROM customer WHERE email = 'customer@example.com'") { try $0.int(0) }
            for (id, actions) in plan {
                for action in actions.compactMap(\.self) {
                    let actor: OrderActor? =
                        switch OrderTransitions.actors(of: action).first {
                        case .customer: .customer(customer)
                        case .store: .store(1)
                        case .rider: .rider(9)
                        case .system: .system
                        case nil: nil
                        }
                    guard let actor else { continue }
                    // Most of them are not possible just then.
                    _ = try? Orders.change(id, OrderChange(action, by: actor), telling: OrderNews(instance: 1), in: db)
                }
            }
            return OrderHistories(
                messages: try Outbox.waiting(instance: 1, limit: .max, in: db).entries.flatMap(\.messages)
                    .filter { !$0.isUrgent }.map { Message(type: $0.type, body: $0.body) })
        }
    }

    /// The same messages as a broker may deliver them: in another order, some more than once, and some after a first attempt
    /// that came to nothing.
    func deliveries(seed: Int) -> [(message: Message, isLost: Bool)] {
        var random = SeededRandom(UInt64(seed) + 1)
        var deliveries: [(message: Message, isLost: Bool)] = []
        for message in messages {
            deliveries.append((message, false))
            if Int.random(in: 0..<4, using: &random) == 0 { deliveries.append((message, false)) }
            if Int.random(in: 0..<4, using: &random) == 0 { deliveries.append((message, true)) }
        }
        deliveries.shuffle(using: &random)
        return deliveries
    }
}

/// What undoes an attempt.
struct Lost: Error {}
