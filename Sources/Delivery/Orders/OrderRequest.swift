/// What a customer wants to order, checked for its form.
///
/// Accepted are `store_menu_id_list` (a menu as often as it is wanted) and `items` with quantities.
package struct OrderRequest: Decodable, Equatable, Sendable {
    package struct Line: Equatable, Sendable {
        package let menuID: Int
        package let quantity: Int

        package init(menuID: Int, quantity: Int) {
            self.menuID = menuID
            self.quantity = quantity
        }
    }

    package static let mostLines = 100
    package static let mostOfOne = 999
    package static let longestNote = 300

    package let storeID: Int
    /// Each menu once, in the order of its first mention.
    package let lines: [Line]
    package let note: String?
    /// Where to; nil for the customer's own address.
    package let address: String?

    private struct Item: Decodable {
        let menuID: WholeNumber
        let quantity: WholeNumber

        enum CodingKeys: String, CodingKey {
            case menuID = "store_menu_id"
            case quantity
        }
    }

    private enum CodingKeys: String, CodingKey {
        case storeID = "store_id"
        case menuIDs = "store_menu_id_list"
        case items
        case note
        case address
    }

    package init(storeID: Int, lines: [Line], note: String? = nil, address: String? = nil) {
        self.storeID = storeID
        self.lines = lines
        self.note = note
        self.address = address
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        storeID = try container.decode(WholeNumber.self, forKey: .storeID).value
        note = try Self.note(try container.decodeIfPresent(String.self, forKey: .note))
        address = try container.decodeIfPresent(String.self, forKey: .address).map {
            try AccountRules.text($0, "address", longest: 200)
        }
        let ids = try Self.menuIDs(in: container)
        let items = try container.decodeIfPresent([Item].self, forKey: .items)
        switch (ids, items) {
        case (let ids?, nil):
            lines = try Self.merge(ids.lazy.map { ($0, 1) }, count: ids.count, field: "store_menu_id_list")
        case (nil, let items?):
            lines = try Self.merge(
                items.lazy.map { ($0.menuID.value, $0.quantity.value) }, count: items.count, field: "items")
        case (nil, nil):
            throw DeliveryError.invalid("store_menu_id_list", "missing (or give items)")
        case (_?, _?):
            throw DeliveryError.invalid("items", "give either items or store_menu_id_list, not both")
        }
    }

    private static func menuIDs(in container: KeyedDecodingContainer<CodingKeys>) throws -> [Int]? {
        do {
            return try container.decodeIfPresent([Int].self, forKey: .menuIDs)
        } catch {
            // Again in the way that costs more and tells which entry is wrong.
            return try container.decodeIfPresent([WholeNumber].self, forKey: .menuIDs)?.map(\.value)
        }
    }

    /// An empty note is none.
    private static func note(_ text: String?) throws(DeliveryError) -> String? {
        guard let text, text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return nil }
        return try TextRules.check(text, "note", longest: longestNote, allowsLineBreaks: true)
    }

    private static func merge(
        _ wanted: some Sequence<(Int, Int)>, count: Int, field: String
    ) throws(DeliveryError) -> [Line] {
        guard count > 0 else { throw .invalid(field, "is empty") }
        guard count <= mostOfOne else { throw .invalid(field, "more than \(mostOfOne) entries") }
        var lines: [Line] = []
        var places: [Int: Int] = [:]
        for (index, (menuID, quantity)) in wanted.enumerated() {
            guard (1...mostOfOne).contains(quantity) else {
                throw .invalid("\(field)[\(index)].quantity", "must be between 1 and \(mostOfOne)")
            }
            guard let place = places[menuID] else {
                guard lines.count < mostLines else { throw .invalid(field, "more than \(mostLines) different menus") }
                places[menuID] = lines.count
                lines.append(Line(menuID: menuID, quantity: quantity))
                continue
            }
            let sum = lines[place].quantity + quantity
            guard sum <= mostOfOne else {
                throw .invalid("\(field)[\(index)].quantity", "menu \(menuID) is ordered more than \(mostOfOne) times")
            }
            lines[place] = Line(menuID: menuID, quantity: sum)
        }
        return lines
    }
}
