import SQLite
import Testing

@testable import Delivery

@Suite("The table of where orders are, from the log of events")
struct OrderViewRefreshTests {
    @Test("what SQLite reads from the last event is what the decoder reads", arguments: 0..<8)
    func refreshed(seed: Int) async throws {
        let fixture = try await Fixture()
        _ = try await OrderHistories.make(fixture, orders: 20, seed: seed)
        try await fixture.database.write { db in
            let orders = try OrderRecords.ids(after: 0, limit: 1000, in: db)
            #expect(!orders.isEmpty)
            for order in orders {
                let message = try JSON.decode(
                    OrderStatusMessage.self, try #require(try OrderViewRecords.lastEvent(of: order, in: db)))
                #expect(try OrderViews.refresh(order: order, in: db))
                #expect(try OrderViewRecords.row(order, in: db) == .init(OrderView(message)))
                // A second time it is not newer.
                #expect(try !OrderViews.refresh(order: order, in: db))
            }
            #expect(throws: DeliveryError.orderNotFound) { try OrderViews.refresh(order: 99_999, in: db) }
        }
    }
}
