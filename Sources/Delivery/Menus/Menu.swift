/// A dish or drink that a store sells.
package struct Menu: Codable, Equatable, Sendable {
    package let id: Int
    package let storeID: Int
    package let name: String
    /// Won.
    package let amount: Int
    package let status: Status
    package let thumbnailURL: String
    package let likeCount: Int
    package let sequence: Int

    package enum Status: String, Codable, Sendable {
        case registered = "REGISTERED"
        case unregistered = "UNREGISTERED"
    }

    enum CodingKeys: String, CodingKey {
        case id, name, amount, status, sequence
        case storeID = "store_id"
        case thumbnailURL = "thumbnail_url"
        case likeCount = "like_count"
    }
}
