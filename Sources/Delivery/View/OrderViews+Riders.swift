import SQLite

/// What riders may read of where orders are.
extension OrderViews {
    /// What the rider carries, and then what they may take, ready longest first. `before` plays no part.
    package static func list(rider: Rider, _ page: Orders.Page, in db: Connection) throws -> [OrderView] {
        let carried = try OrderViewRecords.list(rider: rider.id, limit: page.limit, in: db)
        let cooked = try OrderViewRecords.cooked(
            readySince: Timestamp.now.adding(.zero - Riders.freshness), most: Riders.mostLookedAt, in: db
        ) { rider.area.contains($0.address) }
        return Array((carried + cooked.map(\.withoutHouse)).prefix(page.limit))
    }

    /// One that the rider carries or has carried, or may take.
    package static func find(_ id: Int, rider: Rider, in db: Connection) throws -> OrderView {
        guard let view = try OrderViewRecords.find(id, in: db) else { throw DeliveryError.orderNotFound }
        if view.riderID == rider.id { return view }
        guard view.riderID == nil, view.status == .cooked, rider.area.contains(view.address) else {
            throw DeliveryError.orderNotFound
        }
        return view.withoutHouse
    }
}
