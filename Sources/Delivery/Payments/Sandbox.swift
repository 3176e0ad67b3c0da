import SQLite

/// A payment gateway to try the services against: what it decides stands in the database, so that it knows it still after
/// a crash. No money moves.
package enum Sandbox {
    /// What it is asked to pay.
    package struct Request: Decodable, Sendable {
        package let orderID: Int
        package let amount: Int
        let currency: String

        enum CodingKeys: String, CodingKey {
            case amount, currency
            case orderID = "order_id"
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            orderID = try container.decode(WholeNumber.self, forKey: .orderID).value
            amount = try container.decode(WholeNumber.self, forKey: .amount).value
            currency = try container.decode(String.self, forKey: .currency)
            guard orderID > 0 else { throw DeliveryError.invalid("order_id", "must be positive") }
            guard amount >= 0 else { throw DeliveryError.invalid("amount", "must not be negative") }
            guard currency == "KRW" else { throw DeliveryError.invalid("currency", "must be KRW") }
        }
    }

    /// A payment, and how often its money has moved.
    package struct Payment: Encodable, Equatable, Sendable {
        package let orderID: Int
        package internal(set) var id: String?
        package let amount: Int
        package internal(set) var status: GatewayPayment.Status
        package internal(set) var approvals: Int
        package internal(set) var cancels: Int
        package internal(set) var reason: String?

        enum CodingKeys: String, CodingKey {
            case amount, status, approvals, cancels, reason
            case orderID = "order_id"
            case id = "payment_id"
        }
    }

    package enum Answer: Equatable, Sendable {
        case approved(Payment)
        case declined(Payment)
        /// It was cancelled before.
        case refused(Payment)
    }

    /// Approves or declines. An approval that is there already is answered again.
    ///
    /// - Parameters:
    ///   - declines: whether a new attempt is declined. A declined order may try again.
    ///   - id: of the payment, if it comes to one.
    package static func approve(
        _ request: Request, declines: Bool, id: String, at now: Timestamp, in db: Connection
    ) throws -> Answer {
        var payment =
            try SandboxRecords.find(request.orderID, in: db)
            ?? Payment(
                orderID: request.orderID, id: nil, amount: request.amount, status: .declined, approvals: 0, cancels: 0)
        switch payment.status {
        case .cancelled:
            payment.reason = "cancelled"
            return .refused(payment)
        case .approved:
            guard payment.amount == request.amount else {
                throw DeliveryError(
                    status: 422, resultCode: 422, "this Idempotency-Key was used with another amount")
            }
            return .approved(payment)
        case .declined:
            guard !declines else {
                try SandboxRecords.put(payment, at: now, in: db)
                payment.reason = "insufficient funds"
                return .declined(payment)
            }
            payment = Payment(
                orderID: request.orderID, id: id, amount: request.amount, status: .approved, approvals: 1, cancels: 0)
            try SandboxRecords.put(payment, at: now, in: db)
            return .approved(payment)
        }
    }

    /// Gives the money back, once; what was never approved is refused from now on.
    package static func cancel(_ order: Int, at now: Timestamp, in db: Connection) throws -> Payment {
        var payment =
            try SandboxRecords.find(order, in: db)
            ?? Payment(orderID: order, id: nil, amount: 0, status: .declined, approvals: 0, cancels: 0)
        guard payment.status != .cancelled else { return payment }
        if payment.status == .approved { payment.cancels += 1 }
        payment.status = .cancelled
        try SandboxRecords.put(payment, at: now, in: db)
        return payment
    }

    package static func payment(_ order: Int, in db: Connection) throws -> Payment? {
        try SandboxRecords.find(order, in: db)
    }

    // MARK: - Settings

    /// How badly it behaves.
    package struct Settings: Codable, Equatable, Sendable {
        /// How long it takes to answer: half of it before it decides, half after.
        package internal(set) var latency = 0
        /// Of calls that are answered 503: half of them after it has decided, which the caller cannot know.
        package internal(set) var failurePercent = 0
        /// Of attempts that are declined.
        package internal(set) var declinePercent = 0

        package static let longestLatency = 60_000

        package init() {}

        enum CodingKeys: String, CodingKey {
            case latency = "latency_ms"
            case failurePercent = "failure_percent"
            case declinePercent = "decline_percent"
        }
    }

    /// A change of some settings; the others stay.
    package struct SettingsChange: Decodable, Sendable {
        let latency: Int?
        let failurePercent: Int?
        let declinePercent: Int?

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Settings.CodingKeys.self)
            func number(_ key: Settings.CodingKeys, _ most: Int) throws -> Int? {
                guard let value = try container.decodeIfPresent(WholeNumber.self, forKey: key)?.value else {
                    return nil
                }
                guard (0...most).contains(value) else {
                    throw DeliveryError.invalid(key.rawValue, "must be between 0 and \(most)")
                }
                return value
            }
            latency = try number(.latency, Settings.longestLatency)
            failurePercent = try number(.failurePercent, 100)
            declinePercent = try number(.declinePercent, 100)
        }
    }

    package static func settings(in db: Connection) throws -> Settings {
        var settings = Settings()
        settings.latency = try setting(.latency, in: db)
        settings.failurePercent = try setting(.failurePercent, in: db)
        settings.declinePercent = try setting(.declinePercent, in: db)
        return settings
    }

    package static func change(_ change: SettingsChange, in db: Connection) throws -> Settings {
        if let value = change.latency { try set(.latency, value, in: db) }
        if let value = change.failurePercent { try set(.failurePercent, value, in: db) }
        if let value = change.declinePercent { try set(.declinePercent, value, in: db) }
        return try settings(in: db)
    }

    private static func setting(_ key: Settings.CodingKeys, in db: Connection) throws -> Int {
        try SandboxRecords.setting(key.rawValue, in: db) ?? 0
    }

    private static func set(_ key: Settings.CodingKeys, _ value: Int, in db: Connection) throws {
        try SandboxRecords.set(key.rawValue, value, in: db)
    }
}
