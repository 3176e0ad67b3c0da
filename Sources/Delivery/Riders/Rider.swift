/// Somebody who brings orders from stores to customers, and works for no store.
package struct Rider: Encodable, Equatable, Sendable {
    package let user: StoreUser
    package let name: String
    /// Where they deliver.
    package let area: Area

    package var id: Int { user.id }

    enum CodingKeys: String, CodingKey {
        case name
        case areaCodes = "area_codes"
    }

    /// What is said of a rider beside the user.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(area.codes, forKey: .areaCodes)
    }
}

/// An order as riders see it: one that they may take, or one that they carry.
package struct RiderDelivery: Encodable, Equatable, Sendable {
    package struct Store: Encodable, Equatable, Sendable {
        package let id: Int
        package let name: String
        package let address: String
        package let phoneNumber: String

        enum CodingKeys: String, CodingKey {
            case id, name, address
            case phoneNumber = "phone_number"
        }
    }

    package let orderID: Int
    package let status: OrderStatus
    package let store: Store
    /// Where to: the whole address for who carries the order, for the others the part of the town.
    package let address: String
    /// For example `김치찌개 2, 공기밥 1`.
    package let items: String
    /// Won.
    package let amount: Int
    /// What the customer asked for; for who carries the order alone.
    package let note: String?
    /// When the food was ready.
    package let readySince: Timestamp
    /// Who carries it.
    package let riderID: Int?

    enum CodingKeys: String, CodingKey {
        case status, store, address, items, amount, note
        case orderID = "order_id"
        case readySince = "ready_since"
        case riderID = "rider_id"
    }

    /// What may be told to somebody who does not carry the order.
    var withoutCustomer: RiderDelivery {
        RiderDelivery(
            orderID: orderID, status: status, store: store, address: Self.neighbourhood(of: address), items: items,
            amount: amount, note: nil, readySince: readySince, riderID: riderID)
    }

    /// The words of an address before the first one with a digit: the street without the house.
    static func neighbourhood(of address: String) -> String {
        address.split(whereSeparator: \.isWhitespace).prefix { word in !word.contains(where: \.isNumber) }
            .joined(separator: " ")
    }
}

/// What a rider's page shows.
package struct RiderBoard: Encodable, Equatable, Sendable {
    /// Orders that the rider may take, the one that is ready longest first.
    package let available: [RiderDelivery]
    /// Orders that the rider has taken and not delivered yet, the oldest first.
    package let mine: [RiderDelivery]
    /// How many orders a rider carries at once.
    package let mostCarried: Int
    /// How many orders the rider has delivered today, in Korean time.
    package let deliveredToday: Int

    enum CodingKeys: String, CodingKey {
        case available, mine
        case mostCarried = "most_carried"
        case deliveredToday = "delivered_today"
    }
}
