import SQLite

/// Looking through a store's past orders, youngest first.
///
/// The index over store and time gives them in their order; a page looks at so many of them and no more, whatever it finds.
enum OrderSearchRecords {
    struct Found {
        let orders: [Int]
        /// Where the next page goes on; nil at the end.
        let next: Int?
    }

    private struct Candidate {
        let id: Int
        let orderedAt: Timestamp
        let status: OrderStatus?
        let note: String?
        let address: String
    }

    private static let batch = 200

    static func find(
        _ search: OrderSearch, store: Int, before: Int?, limit: Int, mostSeen: Int, in db: Connection
    ) throws -> Found {
        var place = try start(before: before, in: db)
        if let to = search.to, to.milliseconds < place.time { place = (to.milliseconds, 0) }
        var found: [Int] = []
        var seen = 0
        // Mostly the first ones are those that are looked for; each is a page of the file or two.
        var next = min(limit + limit / 4 + 1, batch)
        while true {
            let size = min(next, mostSeen - seen)
            next = batch
            guard size > 0 else { return Found(orders: found, next: place.id) }
            let candidates = try page(search, store: store, before: place, limit: size, in: db)
            for candidate in candidates {
                place = (candidate.orderedAt.milliseconds, candidate.id)
                if try matches(candidate, search, in: db) { found.append(candidate.id) }
                if found.count == limit { return Found(orders: found, next: candidate.id) }
            }
            seen += candidates.count
            if candidates.count < size { return Found(orders: found, next: nil) }
        }
    }

    /// The place in the index behind which a page begins.
    private static func start(before: Int?, in db: Connection) throws -> (time: Int, id: Int) {
        guard let before else { return (.max, .max) }
        let found = try db.first(
            "SELECT ordered_at, id FROM user_order WHERE id <= ? ORDER BY id DESC LIMIT 1", before
        ) { row in (try row.int(0), try row.int(1)) }
        guard let (time, id) = found else { return (.min, 0) }
        return (time, id == before ? id : id + 1)
    }

    private static func page(
        _ search: OrderSearch, store: Int, before place: (time: Int, id: Int), limit: Int, in db: Connection
    ) throws -> [Candidate] {
        try db.all(
            """
            SELECT id, ordered_at, status, note, address FROM user_order
            WHERE store_id = ?1 AND closed_at IS NOT NULL AND paid_at IS NOT NULL AND (ordered_at, id) < (?2, ?3) AND ordered_at >= ?4
            ORDER BY ordered_at DESC, id DESC LIMIT ?5
            """, store, place.time, place.id, search.from?.milliseconds ?? .min, limit
        ) { row in
            Candidate(
                id: try row.int(0), orderedAt: Timestamp(milliseconds: try row.int(1)),
                status: OrderStatus(rawValue: try row.text(2)), note: try row.optionalText(3),
                address: try row.text(4))
        }
    }

    private static func matches(_ order: Candidate, _ search: OrderSearch, in db: Connection) throws -> Bool {
        guard let status = order.status, search.takes(status, orderedAt: order.orderedAt) else {
            return false
        }
        if search.words.isEmpty { return true }
        let names = try db.all("SELECT name FROM user_order_item WHERE order_id = ?", order.id) { row in
            try row.text(0)
        }
        return search.matches(names + ["\(order.id)", order.note ?? "", order.address])
    }
}
