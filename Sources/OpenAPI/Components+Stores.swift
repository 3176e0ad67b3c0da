extension Components {
    package static let categories = [
        "CHINESE_FOOD", "WESTERN_FOOD", "KOREAN_FOOD", "JAPANESE_FOOD", "CHICKEN", "PIZZA", "HAMBURGER", "COFFEE_TEA",
    ]

    /// Stores and their menus.
    package static let stores: KeyValuePairs<String, Schema> = [
        "Store": .object([
            "id": .id, "name": .string, "address": .string, "status": .values(["REGISTERED", "UNREGISTERED"]),
            "category": .values(categories), "star": .number.described("0 to 5"), "thumbnail_url": .string,
            "minimum_amount": .won, "minimum_delivery_amount": .won, "phone_number": .string,
        ]),
        "Menu": .object([
            "id": .id, "store_id": .id, "name": .string, "amount": .won,
            "status": .values(["REGISTERED", "UNREGISTERED"]), "thumbnail_url": .string,
            "like_count": .integer(from: 0), "sequence": .integer(from: 0),
        ]),
    ]
}
