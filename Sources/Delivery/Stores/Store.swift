/// A store as customers see it.
package struct Store: Codable, Equatable, Sendable {
    package let id: Int
    package let name: String
    package let address: String
    package let status: Status
    package let category: Category
    package let star: Double
    package let thumbnailURL: String
    /// Won.
    package let minimumAmount: Int
    /// Won.
    package let minimumDeliveryAmount: Int
    package let phoneNumber: String

    package enum Status: String, Codable, Sendable {
        case registered = "REGISTERED"
        case unregistered = "UNREGISTERED"
    }

    package enum Category: String, Codable, CaseIterable, Sendable {
        case chineseFood = "CHINESE_FOOD"
        case westernFood = "WESTERN_FOOD"
        case koreanFood = "KOREAN_FOOD"
        case japaneseFood = "JAPANESE_FOOD"
        case chicken = "CHICKEN"
        case pizza = "PIZZA"
        case hamburger = "HAMBURGER"
        case coffeeTea = "COFFEE_TEA"
    }

    enum CodingKeys: String, CodingKey {
        case id, name, address, status, category, star
        case thumbnailURL = "thumbnail_url"
        case minimumAmount = "minimum_amount"
        case minimumDeliveryAmount = "minimum_delivery_amount"
        case phoneNumber = "phone_number"
    }
}
