import Failpoints
import SQLite

/// What somebody wants to do to an order, with what goes with it.
package struct OrderChange: Sendable {
    package let action: OrderAction
    package let actor: OrderActor
    /// The status that the caller has seen, if it says so.
    package var expected: OrderStatus?
    /// With `accept`; 1 to `mostPrepMinutes`.
    package var prepMinutes: Int?
    /// With `reject`.
    package var reason: RejectReason?
    package var note: String?
    /// With `pay`: the gateway's name for the payment.
    package var payment: String?

    package static let mostPrepMinutes = 240

    package init(_ action: OrderAction, by actor: OrderActor) {
        self.action = action
        self.actor = actor
    }
}

extension Orders {
    /// Changes an order: the one way for all of them, inside the caller's write transaction. With the status go its event
    /// and message, the events for the pages, and the consequences for the money.
    ///
    /// Whether the actor may see the order at all is the caller's question: see `require`.
    /// - Throws: `DeliveryError` 404/3000, 409/3001 when the order's status does not allow it, 403 when the actor may never.
    package static func change(
        _ id: Int, _ change: OrderChange, at time: Timestamp = .now, telling news: OrderNews, in db: Connection
    ) throws -> OrderListEntry {
        guard let before = try OrderRecords.entry(id, in: db) else { throw DeliveryError.orderNotFound }
        var order = before.order
        let state = try OrderTransitions.apply(
            change.action, by: change.actor, expected: change.expected, to: order.state)
        order.status = state.status
        order.riderID = state.rider
        order.version += 1
        if order.status != before.order.status { order.statusChangedAt = time }
        if order.status.isEnd { order.closedAt = time }
        switch change.action {
        case .pay: order.paidAt = time
        case .accept:
            order.prepMinutes = change.prepMinutes
            order.readyAt = change.prepMinutes.map { time.adding(.seconds($0 * 60)) }
        case .reject:
            order.reason = change.reason
            order.reasonNote = change.note
        default: break
        }
        // Who answers an order has seen it.
        if order.acknowledgedAt == nil, order.isVisibleToStore, change.action != .pay { order.acknowledgedAt = time }
        guard
            try OrderRecords.update(
                order, from: before.order, deadline: news.terms.deadline(order.state, from: time), in: db)
        else { throw DeliveryError.stale(change.action, before.order.status) }
        try settle(order, change, at: time, in: db)
        try Failpoint.reach("order.change", ["order": "\(id)", "action": change.action.rawValue])
        let event = OrderEvent(
            version: order.version, action: change.action, status: order.status, actor: change.actor.kind, at: time)
        let entry = try store(
            event, of: order, at: before.store, by: change.actor, telling: news, traceParent: nil, in: db)
        let events = try push(event, of: order, change, at: time, in: db)
        #if FAILPOINTS
            db.afterCommit { [action = change.action] in
                try? Failpoint.reach("order.after-commit", ["order": "\(id)", "action": action.rawValue])
            }
        #endif
        news.tell(entry, events, after: db)
        return OrderListEntry(order: order, store: before.store, menus: before.menus)
    }

    /// What a change means for the money.
    private static func settle(_ order: Order, _ change: OrderChange, at time: Timestamp, in db: Connection) throws {
        if change.action == .pay {
            try Ledger.book(
                LedgerEntry(
                    order: order.id, kind: .charge, amount: order.amount, at: time, reference: change.payment),
                in: db)
        }
        guard order.status.isRefunded else { return }
        // At a gateway it is given back later, and booked then. Without one nobody else has to give it back.
        if try !OrderPayment.end(order.id, at: time, in: db), order.paidAt != nil {
            try Ledger.book(LedgerEntry(order: order.id, kind: .refund, amount: -order.amount, at: time), in: db)
        }
    }

    /// Stores the event, and what announces it to other parts of the system.
    static func store(
        _ event: OrderEvent, of order: Order, at store: Store, by actor: OrderActor, telling news: OrderNews,
        traceParent: String?, in db: Connection
    ) throws -> OutboxEntry {
        let txID = try Secrets.uuid()
        let message = OrderStatusMessage(
            order, event, store: store, riderName: try order.riderID.flatMap { try RiderRecords.name($0, in: db) },
            txID: txID)
        let body = try JSON.encode(message)
        try OrderEventRecords.insert(event, order: order.id, actorID: actor.id, body: body, in: db)
        let key = OutboxKey(instance: news.instance, order: order.id, version: event.version)
        try OutboxRecords.insert(key, traceParent: traceParent, at: event.at, in: db)
        return OutboxEntry(
            key, status: event.status, customer: order.customerID, body: body, txID: txID, at: event.at,
            traceParent: traceParent)
    }

    /// Appends what the pages of the store, the customer and the riders are told.
    private static func push(
        _ event: OrderEvent, of order: Order, _ change: OrderChange, at time: Timestamp, in db: Connection
    ) throws -> [FeedEvent] {
        let data = try JSON.encode(OrderStatusEvent(order, event))
        var topics = [FeedTopic.customer(order.customerID)]
        // A store hears of a new order by its message.
        if order.isVisibleToStore, change.action != .pay { topics.append(.store(order.storeID)) }
        var events = try topics.map { topic in
            try FeedRecords.append(topic, name: "order-status", data: data, at: time, in: db)
        }
        if order.status == .cooked || order.riderID != nil || order.status == .delivery {
            events.append(
                try FeedRecords.append(
                    .riders, name: "delivery-changed", data: try JSON.encode(DeliveryChangedEvent(order)), at: time,
                    in: db))
        }
        return events
    }

    /// - Throws: `DeliveryError.orderNotFound`, also for an order of another store or one that is not paid.
    package static func require(_ id: Int, store: Int, in db: Connection) throws {
        guard let owner = try OrderRecords.owner(id, in: db), owner.store == store, owner.isPaid else {
            throw DeliveryError.orderNotFound
        }
    }

    /// - Throws: `DeliveryError.orderNotFound`, also for somebody else's order.
    package static func require(_ id: Int, customer: Int, in db: Connection) throws {
        guard let owner = try OrderRecords.owner(id, in: db), owner.customer == customer else {
            throw DeliveryError.orderNotFound
        }
    }

    /// Does what the system does with an order whose deadline has passed.
    /// - Returns: the new status; nil if somebody was faster.
    package static func passDeadline(
        _ id: Int, at now: Timestamp, telling news: OrderNews, in db: Connection
    ) throws -> OrderStatus? {
        guard let (status, deadline) = try OrderRecords.deadline(id, in: db), let deadline, deadline <= now else {
            return nil
        }
        let action: OrderAction
        switch status {
        case .registered, .paymentPending, .order: action = .expire
        case .cooked: action = .release
        case .delivered: action = .confirm
        default: return nil
        }
        return try change(id, OrderChange(action, by: .system), at: now, telling: news, in: db).order.status
    }

    /// Orders whose deadline has passed, those that are due longest first.
    package static func due(at time: Timestamp, limit: Int, in db: Connection) throws -> [Int] {
        try OrderRecords.due(at: time, limit: limit, in: db)
    }
}

/// The event `order-status` of the pages' streams.
struct OrderStatusEvent: Encodable {
    let id: Int
    let version: Int
    let action: OrderAction
    let status: OrderStatus
    let actor: OrderActor.Kind
    let changedAt: Timestamp
    let prepMinutes: Int?
    let readyAt: Timestamp?
    let reason: RejectReason?
    let reasonNote: String?
    let riderID: Int?

    enum CodingKeys: String, CodingKey {
        case id, version, action, status, actor, reason
        case changedAt = "changed_at"
        case prepMinutes = "prep_minutes"
        case readyAt = "ready_at"
        case reasonNote = "reason_note"
        case riderID = "rider_id"
    }

    init(_ order: Order, _ event: OrderEvent) {
        id = order.id
        version = event.version
        action = event.action
        status = event.status
        actor = event.actor
        changedAt = event.at
        prepMinutes = order.prepMinutes
        readyAt = order.readyAt
        reason = order.reason
        reasonNote = order.reasonNote
        riderID = order.riderID
    }
}

/// The event `delivery-changed` of the riders' streams: nothing about the customer, since all riders hear it.
struct DeliveryChangedEvent: Encodable {
    let id: Int
    let status: OrderStatus
    let riderID: Int?

    enum CodingKeys: String, CodingKey {
        case id, status
        case riderID = "rider_id"
    }

    init(_ order: Order) {
        (id, status, riderID) = (order.id, order.status, order.riderID)
    }
}
