import SQLite

/// What riders see and do, inside the caller's transaction.
package enum Riders {
    /// How many orders a rider carries at once.
    package static let mostCarried = 3
    /// How many orders to take are shown.
    package static let mostShown = 50
    /// How many orders are looked at to find them: most of them may lie outside the rider's area.
    static let mostLookedAt = 2_000
    /// An order that has been ready for longer than this is offered to nobody any more.
    static let freshness = Duration.seconds(24 * 60 * 60)
    /// What a rider does to an order, by the last part of its path.
    package static let actions: [(path: String, action: OrderAction)] = [
        ("take", .take), ("release", .release), ("pick-up", .pickUp), ("complete", .complete),
    ]

    package struct Snapshot: Sendable {
        package let board: RiderBoard
        /// The cursor from which an event stream misses nothing.
        package let lastEventID: Int
    }

    package static func board(of rider: Rider, at now: Timestamp = .now, in db: Connection) throws -> Snapshot {
        var available: [RiderDelivery] = []
        for id in try RiderRecords.available(
            readySince: now.adding(.zero - freshness), most: mostLookedAt, in: db,
            where: { rider.area.contains($0) }, limit: mostShown)
        {
            if let delivery = try RiderRecords.delivery(id, in: db) { available.append(delivery.withoutCustomer) }
        }
        let mine = try RiderRecords.carried(by: rider.id, in: db).compactMap { id in
            try RiderRecords.delivery(id, in: db)
        }
        let board = RiderBoard(
            available: available, mine: mine, mostCarried: mostCarried,
            deliveredToday: try RiderRecords.delivered(by: rider.id, since: KoreanDay(containing: now).start, in: db))
        return Snapshot(board: board, lastEventID: try FeedRecords.head(in: db))
    }

    /// Takes an order, gives it back, reports that it was picked up or delivered.
    ///
    /// - Throws: `DeliveryError.orderNotFound` for an order that the rider cannot see; 409/3001 when its status does not allow
    ///   it, another rider was faster, or the rider carries as many as one can.
    package static func act(
        _ action: OrderAction, order id: Int, by rider: Rider, telling news: OrderNews, in db: Connection
    ) throws -> RiderDelivery {
        guard let place = try RiderRecords.place(of: id, in: db), sees(place, rider, action) else {
            throw DeliveryError.orderNotFound
        }
        if action == .take, place.rider == nil, try RiderRecords.carried(by: rider.id, in: db).count >= mostCarried {
            throw DeliveryError.orderStatus("a rider carries at most \(mostCarried) orders at once")
        }
        _ = try Orders.change(id, OrderChange(action, by: .rider(rider.id)), telling: news, in: db)
        guard let delivery = try RiderRecords.delivery(id, in: db) else { throw DeliveryError.orderNotFound }
        return delivery.riderID == rider.id ? delivery : delivery.withoutCustomer
    }

    /// Where an order is, as far as it matters to who may see it.
    struct Place: Equatable {
        let status: OrderStatus
        let rider: Int?
        let address: String
    }

    /// A rider sees the orders that they have taken, and those of their area from when they are cooked. Another rider's order
    /// can only be tried for: that it is gone is the answer.
    static func sees(_ place: Place, _ rider: Rider, _ action: OrderAction) -> Bool {
        if place.rider == rider.id { return true }
        guard rider.area.contains(place.address), action == .take || place.rider == nil else { return false }
        switch place.status {
        case .cooked, .delivery, .delivered, .receive: return true
        default: return false
        }
    }
}
