import SQLite

enum StoreSummaryRecords {
    static func count(_ counter: inout StoreSummary.Counter, store: Int, _ day: KoreanDay, in db: Connection) throws {
        let (start, end) = (day.start.milliseconds, day.end.milliseconds)
        // Open orders are few; closed ones have an index over their times.
        try db.each(
            """
            SELECT o.status, o.amount, o.closed_at IS NULL FROM user_order o
            WHERE o.store_id = ?1 AND o.closed_at IS NULL AND o.paid_at IS NOT NULL
              AND o.ordered_at >= ?2 AND o.ordered_at < ?3
            UNION ALL
            SELECT o.status, o.amount, o.closed_at IS NULL FROM user_order o
            WHERE o.store_id = ?1 AND o.closed_at IS NOT NULL AND o.paid_at IS NOT NULL
              AND o.ordered_at >= ?2 AND o.ordered_at < ?3
            """, store, start, end
        ) { row in
            guard let status = OrderStatus(rawValue: try row.text(0)) else {
                throw UnreadableRecord("user_order.status")
            }
            counter.order(status, amount: try row.int(1), isOpen: try row.int(2) != 0)
        }
        try db.each(
            """
            SELECT i.store_menu_id, i.name, i.amount, i.quantity
            FROM user_order o JOIN user_order_item i ON i.order_id = o.id
            WHERE o.store_id = ?1 AND o.closed_at IS NULL AND o.paid_at IS NOT NULL
              AND o.ordered_at >= ?2 AND o.ordered_at < ?3
              AND o.status NOT IN ('REJECT', 'CANCEL', 'EXPIRED')
            UNION ALL
            SELECT i.store_menu_id, i.name, i.amount, i.quantity
            FROM user_order o JOIN user_order_item i ON i.order_id = o.id
            WHERE o.store_id = ?1 AND o.closed_at IS NOT NULL AND o.paid_at IS NOT NULL
              AND o.ordered_at >= ?2 AND o.ordered_at < ?3
              AND o.status NOT IN ('REJECT', 'CANCEL', 'EXPIRED')
            """, store, start, end
        ) { row in
            counter.item(
                try row.int(0), name: try row.text(1), amount: try row.int(2), quantity: try row.int(3))
        }
        try db.each(
            """
            SELECT e.order_id, e.action, e.at, o.paid_at
            FROM user_order o JOIN order_event e ON e.order_id = o.id
            WHERE o.store_id = ?1 AND o.closed_at IS NULL AND o.paid_at IS NOT NULL
              AND o.ordered_at >= ?2 AND o.ordered_at < ?3
              AND e.action IN ('ACCEPT', 'START_COOKING', 'FINISH_COOKING')
            UNION ALL
            SELECT e.order_id, e.action, e.at, o.paid_at
            FROM user_order o JOIN order_event e ON e.order_id = o.id
            WHERE o.store_id = ?1 AND o.closed_at IS NOT NULL AND o.paid_at IS NOT NULL
              AND o.ordered_at >= ?2 AND o.ordered_at < ?3
              AND e.action IN ('ACCEPT', 'START_COOKING', 'FINISH_COOKING')
            """, store, start, end
        ) { row in
            let (order, time) = (try row.int(0), Timestamp(milliseconds: try row.int(2)))
            switch try row.text(1) {
            case "ACCEPT": counter.accepted(at: time, since: Timestamp(milliseconds: try row.int(3)))
            case "START_COOKING": counter.startedCooking(order, at: time)
            default: counter.finishedCooking(order, at: time)
            }
        }
    }
}
