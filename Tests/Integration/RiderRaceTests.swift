import Foundation
import Support
import Testing

/// A hundred riders, one order, two instances of `store-admin`.
@Suite("A hundred riders", .serialized, .timeLimit(.minutes(10)))
struct RiderRaceTests {
    /// `Docs/scripts/test --long` has two hundred.
    private static let rounds = ProcessInfo.processInfo.environment["DELIVERY_TEST_LONG"] == nil ? 5 : 200
    private static let crowd = 100

    @Test("of a hundred riders who take one order at two instances exactly one gets it, the others 409")
    func race() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
        let another = try await pair.startAnother()
        let crowd = try await RiderCrowd.make(Self.crowd, at: pair.folder.file("delivery.db"))
        let clients = crowd.riders.enumerated().map { number, rider in
            (number.isMultiple(of: 2) ? pair : another).admin.http.with(cookie: rider.cookie)
        }
        // Connections that are there already make the tries meet.
        _ = try await Self.all(clients) { try await $0.get("/health/live") }
        let customer = try await pair.customer()
        var wins: [Int: Int] = [:]
        for round in 1...Self.rounds {
            let order = try await pair.order(customer)
            try await crowd.cook(order)
            let replies = try await Self.all(clients.shuffled()) {
                try await $0.send("POST", "/api/rider/delivery/\(order)/take")
            }
            let won = replies.filter { $0.status == 200 }
            let lost = replies.filter { $0.status == 409 && $0.json["result"]["result_code"].int == 3001 }
            #expect(won.count == 1 && lost.count == Self.crowd - 1, "round \(round): \(Self.statuses(replies))")
            let winner = try #require(won.first?.json["body"]["rider_id"].int)
            #expect(try await crowd.takers(of: order) == [winner], "round \(round)")
            wins[winner, default: 0] += 1
            // The winner delivers it, at the other instance than where it was taken.
            let index = try #require(crowd.riders.firstIndex { $0.id == winner })
            let other = (index.isMultiple(of: 2) ? another : pair).admin.http.with(cookie: crowd.riders[index].cookie)
            let mine = try await other.get("/api/rider/delivery").json["body"]["mine"].array
            #expect(mine.map { $0["order_id"].int } == [order])
            for step in ["pick-up", "complete"] {
                #expect(try await other.send("POST", "/api/rider/delivery/\(order)/\(step)").status == 200)
            }
        }
        print("\(Self.rounds) orders, \(Self.crowd) riders each: won by \(wins.count) different riders")
        await crowd.close()
        try await another.stop()
        try await pair.stop()
        try await broker.deleteVirtualHost(host)
    }

    private static func statuses(_ replies: [HTTPResponse]) -> [Int: Int] {
        replies.reduce(into: [:]) { $0[$1.status, default: 0] += 1 }
    }

    /// Everybody at the same time.
    private static func all(
        _ clients: [HTTPTestClient], _ request: @escaping @Sendable (HTTPTestClient) async throws -> HTTPResponse
    ) async throws -> [HTTPResponse] {
        try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for client in clients { group.addTask { try await request(client) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
