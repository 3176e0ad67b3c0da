import SQLite

/// What a store's user wants to do to an order: the bodies of the requests, checked.
package enum StoreStep: Equatable, Sendable {
    case accept(prepMinutes: Int?)
    case reject(RejectReason, note: String?, expected: OrderStatus?)
    case startCooking
    case finishCooking
    case startDelivery
    case receiveDelivery

    package static let longestNote = 200

    /// The body of `accept`.
    package struct Acceptance: Decodable, Sendable {
        let prepMinutes: Int?

        private enum CodingKeys: String, CodingKey { case prepMinutes = "prep_minutes" }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            prepMinutes = try container.decodeIfPresent(WholeNumber.self, forKey: .prepMinutes)?.value
            let range = StoreSettings.prepMinutes
            if let prepMinutes, !range.contains(prepMinutes) {
                throw DeliveryError.invalid(
                    "prep_minutes", "must be between \(range.lowerBound) and \(range.upperBound)")
            }
        }

        package var step: StoreStep { .accept(prepMinutes: prepMinutes) }
    }

    /// The body of `reject`.
    package struct Rejection: Decodable, Sendable {
        package let step: StoreStep

        private enum CodingKeys: String, CodingKey {
            case reason, note
            case expected = "expected_status"
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard let reason = RejectReason(rawValue: try container.decode(String.self, forKey: .reason)) else {
                let allowed = RejectReason.allCases.map(\.rawValue).joined(separator: ", ")
                throw DeliveryError.invalid("reason", "must be one of \(allowed)")
            }
            let expected = try container.decodeIfPresent(String.self, forKey: .expected).map { text in
                guard let status = OrderStatus(rawValue: text) else {
                    throw DeliveryError.invalid("expected_status", "is no status of an order")
                }
                return status
            }
            let note = try Self.note(try container.decodeIfPresent(String.self, forKey: .note))
            step = .reject(reason, note: note, expected: expected)
        }

        /// An empty note is none.
        private static func note(_ text: String?) throws(DeliveryError) -> String? {
            guard let text, text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return nil }
            return try TextRules.check(text, "note", longest: longestNote, allowsLineBreaks: true)
        }
    }

    var action: OrderAction {
        switch self {
        case .accept: .accept
        case .reject: .reject
        case .startCooking: .startCooking
        case .finishCooking: .finishCooking
        case .startDelivery: .startDelivery
        case .receiveDelivery: .receiveDelivery
        }
    }
}

extension Orders {
    /// A store's user takes an order a step further, inside the caller's write transaction.
    ///
    /// Accepted without minutes, an order gets the store's estimate: its default, and what a busy kitchen needs longer.
    /// - Returns: the order as `find` gives it.
    /// - Throws: `DeliveryError` 404/3000, also for an order of another store; 409/3001.
    package static func step(
        _ step: StoreStep, order id: Int, by member: StoreMember, at now: Timestamp = .now, telling news: OrderNews,
        in db: Connection
    ) throws -> OrderListEntry {
        try require(id, store: member.storeID, in: db)
        var change = OrderChange(step.action, by: .store(member.user.id))
        switch step {
        case .accept(let minutes):
            change.prepMinutes =
                try minutes ?? Stores.settings(store: member.storeID, at: now, in: db).estimatedMinutes
        case .reject(let reason, let note, let expected):
            change.reason = reason
            change.note = note
            change.expected = expected
        case .startCooking, .finishCooking, .startDelivery, .receiveDelivery: break
        }
        _ = try Orders.change(id, change, at: now, telling: news, in: db)
        return try find(id, store: member.storeID, in: db)
    }
}
