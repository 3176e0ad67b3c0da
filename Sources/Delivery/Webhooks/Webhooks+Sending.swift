import SQLite

// The way of a notification: stored once for each message, claimed by one instance, sent, settled or tried again.
//
// A claim is of a webhook, not of a notification: a customer's receiver gets one request at a time, however many instances
// there are, and one customer's heap of notifications stands in nobody's way. It is a time in `not_before` until which
// nobody else sends; a process that dies leaves it to run out.

extension Webhooks {
    /// A notification that this process is to send now.
    package struct Claim: Equatable, Sendable {
        package let customerID: Int
        package let url: String
        package let secret: WebhookSecret
        package let notificationID: Int
        /// The same at every attempt.
        package let messageID: String
        package let orderID: Int
        package let body: [UInt8]
        /// Failures before.
        package let attempts: Int
        package let createdAt: Timestamp
        /// Nobody else sends before; it also tells this claim from others.
        package let until: Timestamp
    }

    package enum Outcome: Equatable, Sendable {
        case delivered
        /// With what the customer is told. A final one is not tried again.
        case failed(String, isFinal: Bool = false)
        /// It was not tried, or nobody waited for the end; its turn comes again after this time.
        case none(Duration)
    }

    package struct Finished: Equatable, Sendable {
        /// The same customer's next one, claimed.
        package var next: Claim?
        package var isGivenUp = false

        package init() {}
    }

    /// Stores a message for its customer's webhook, if there is one. A message that is known changes nothing.
    /// - Returns: whether there is something to send now.
    package static func notify(
        _ message: OrderStatusMessage, body: [UInt8], at time: Timestamp = .now, in db: Connection
    ) throws -> Bool {
        let customer = message.customerID
        guard try WebhookRecords.find(customer: customer, in: db) != nil else { return false }
        let isFull = try NotificationRecords.areWaiting(mostWaiting, customer: customer, in: db)
        let isNew = try NotificationRecords.insert(
            message, body: isFull ? [] : body, state: isFull ? .givenUp : .pending,
            error: isFull ? "\(mostWaiting) others wait" : nil, at: time, in: db)
        guard isNew, !isFull else { return false }
        try WebhookRecords.makeDue(customer: customer, at: time, in: db)
        return true
    }

    /// The same for an order of which a message says only that it is paid.
    package static func notifyAnnounced(
        order id: Int, of customer: Int, at time: Timestamp = .now, in db: Connection
    ) throws -> Bool {
        guard try WebhookRecords.find(customer: customer, in: db) != nil,
            // It is empty when it is too old to be told: see `Pruning`.
            let body = try OrderEventRecords.announced(order: id, in: db), !body.isEmpty
        else { return false }
        return try notify(JSON.decode(OrderStatusMessage.self, body), body: body, at: time, in: db)
    }

    /// When there is something to send.
    package static func nextDue(in db: Connection) throws -> Timestamp? { try WebhookRecords.nextDue(in: db) }

    /// Claims notifications of as many customers.
    package static func claim(
        _ limit: Int, at now: Timestamp, for lease: Duration, in db: Connection
    ) throws -> [Claim] {
        try WebhookRecords.due(at: now, limit: limit, in: db).compactMap { customer in
            try claim(customer: customer, at: now, for: lease, in: db)
        }
    }

    private static func claim(
        customer: Int, at now: Timestamp, for lease: Duration, in db: Connection
    ) throws -> Claim? {
        guard let webhook = try WebhookRecords.find(customer: customer, in: db) else { return nil }
        guard let waiting = try NotificationRecords.first(customer: customer, dueAt: now, in: db) else {
            let next = try NotificationRecords.nextAttempt(customer: customer, in: db)
            try WebhookRecords.setTurn(
                customer: customer, failures: webhook.failures, notBefore: now, due: next, in: db)
            return nil
        }
        // Later than any claim before it, so that two never look the same.
        let until = max(now.adding(lease), webhook.notBefore.adding(.milliseconds(1)))
        try WebhookRecords.setTurn(
            customer: customer, failures: webhook.failures, notBefore: until, due: until, in: db)
        return Claim(
            customerID: customer, url: webhook.url, secret: webhook.secret, notificationID: waiting.id,
            messageID: waiting.messageID, orderID: waiting.orderID, body: waiting.body, attempts: waiting.attempts,
            createdAt: waiting.createdAt, until: until)
    }

    /// Stores what came of a claim.
    /// - Parameter goingOn: whether the next one of the same customer is claimed for as long, if this one was delivered.
    package static func finish(
        _ claim: Claim, _ outcome: Outcome, _ retries: WebhookRetries = WebhookRetries(), at now: Timestamp,
        goingOn lease: Duration? = nil, in db: Connection
    ) throws -> Finished {
        // Gone with all its notifications, which are nobody's any more.
        guard let webhook = try WebhookRecords.find(customer: claim.customerID, in: db) else { return Finished() }
        let isOwn = webhook.notBefore == claim.until
        var finished = Finished()
        var (failures, pause) = (webhook.failures, Duration.zero)
        switch outcome {
        case .delivered:
            // True also when somebody else sends it by now.
            try NotificationRecords.end(
                claim.notificationID, .delivered, attempts: claim.attempts + 1, error: nil, at: now, in: db)
            failures = 0
        case .failed(let error, let isFinal):
            guard isOwn else { return finished }
            finished.isGivenUp = try settle(claim, error, isFinal: isFinal, retries, at: now, in: db)
            failures += 1
            pause = retries.pause(after: failures)
        case .none(let time): pause = time
        }
        guard isOwn else { return finished }
        try NotificationRecords.prune(customer: claim.customerID, keeping: shown, in: db)
        let notBefore = now.adding(pause)
        let next = try NotificationRecords.nextAttempt(customer: claim.customerID, in: db)
        try WebhookRecords.setTurn(
            customer: claim.customerID, failures: failures, notBefore: notBefore, due: next.map { max($0, notBefore) },
            in: db)
        if let lease, outcome == .delivered {
            finished.next = try self.claim(customer: claim.customerID, at: now, for: lease, in: db)
        }
        return finished
    }

    /// - Returns: whether it is given up.
    private static func settle(
        _ claim: Claim, _ error: String, isFinal: Bool, _ retries: WebhookRetries, at now: Timestamp,
        in db: Connection
    ) throws -> Bool {
        let attempts = claim.attempts + 1
        let error = String(String.UnicodeScalarView(error.unicodeScalars.prefix(200)))
        let next = isFinal ? nil : retries.next(after: attempts, created: claim.createdAt, at: now)
        guard let next else {
            try NotificationRecords.end(
                claim.notificationID, .givenUp, attempts: attempts, error: error, at: now, in: db)
            return true
        }
        try NotificationRecords.postpone(
            claim.notificationID, until: next, attempts: attempts, error: error, at: now, in: db)
        return false
    }
}
