/// A menu, and whether it can be had now.
package struct OfferedMenu: Encodable, Equatable, Sendable {
    package let menu: Menu
    /// Nil when it is on sale; `Availability.furtherNotice` when nobody has said how long.
    let soldOutUntil: Timestamp?

    package var isSoldOut: Bool { soldOutUntil != nil }

    private enum CodingKeys: String, CodingKey {
        case isSoldOut = "sold_out"
        case soldOutUntil = "sold_out_until"
    }

    package func encode(to encoder: any Encoder) throws {
        try menu.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isSoldOut, forKey: .isSoldOut)
        if let soldOutUntil, soldOutUntil < Availability.furtherNotice {
            try container.encode(soldOutUntil, forKey: .soldOutUntil)
        }
    }
}

/// Until when a menu is sold out, as a store's user says it; null, or nothing at all, is until further notice.
package struct SoldOut: Decodable, Equatable, Sendable {
    let until: Timestamp?

    package init(until: Timestamp? = nil) { self.until = until }

    /// - Throws: `DeliveryError` 400.
    func checked(at now: Timestamp) throws(DeliveryError) -> Timestamp {
        guard let until else { return Availability.furtherNotice }
        return try Availability.checked(until, "until", at: now)
    }
}
