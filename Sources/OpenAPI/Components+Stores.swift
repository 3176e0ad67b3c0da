extension Components {
    package static let categories = [
        "CHINESE_FOOD", "WESTERN_FOOD", "KOREAN_FOOD", "JAPANESE_FOOD", "CHICKEN", "PIZZA", "HAMBURGER", "COFFEE_TEA",
    ]

    /// Stores and their menus.
    package static let stores: KeyValuePairs<String, Schema> = [
        "Store": .object(store),
        "OfferedStore": .object(
            store + [
                ("busy_minutes", .integer(from: 0)), ("estimated_minutes", .integer(from: 1)),
            ], optional: [("paused_until", .time.described("it takes no orders until then"))]
        ).described("A store, and how it takes orders now."),
        "Menu": .object(menu),
        "OfferedMenu": .object(
            menu + [("sold_out", .boolean)],
            optional: [("sold_out_until", .time.described("left out: until further notice"))]
        ).described("A menu, and whether it can be had now."),
        "StoreSettings": .object([
            "auto_accept": .boolean, "default_prep_minutes": prepMinutes,
            "busy_minutes": busyMinutes, "paused_until": .time.orNull, "area_codes": areaCodes,
        ]),
        "StoreSettingsChange": .object(
            [:],
            optional: [
                "auto_accept": .boolean.orNull, "default_prep_minutes": prepMinutes.orNull,
                "busy_minutes": busyMinutes.orNull,
                "paused_until": .time.orNull.described("null ends the pause; at most a year ahead"),
                "area_codes": areaCodes.orNull,
            ]
        ).described("What is left out stays as it is."),
        "SoldOut": .object(
            [:],
            optional: [
                "until": .time.orNull.described("at most a year ahead; without it until further notice")
            ]),
        "StoreSummary": .object([
            "day": .day, "orders": .integer(from: 0), "sales": .won, "rejected": .integer(from: 0),
            "cancelled": .integer(from: 0), "expired": .integer(from: 0), "open": .integer(from: 0),
            "average_accept_seconds": .integer(from: 0).orNull, "average_cooking_seconds": .integer(from: 0).orNull,
            "menus": .list(
                of: .object([
                    "store_menu_id": .id, "name": .string, "quantity": .integer(from: 0), "amount": .won,
                ])),
        ]),
    ]

    package static let prepMinutes = Schema.integer(from: 1, to: 240)
    private static let busyMinutes = Schema.integer(from: 0, to: 180).described("what a busy kitchen needs longer")

    private static let store: [(String, Schema)] = [
        ("id", .id), ("name", .string), ("address", .string), ("status", .values(["REGISTERED", "UNREGISTERED"])),
        ("category", .values(categories)), ("star", .number.described("0 to 5")), ("thumbnail_url", .string),
        ("minimum_amount", .won), ("minimum_delivery_amount", .won), ("phone_number", .string),
    ]
    private static let menu: [(String, Schema)] = [
        ("id", .id), ("store_id", .id), ("name", .string), ("amount", .won),
        ("status", .values(["REGISTERED", "UNREGISTERED"])), ("thumbnail_url", .string),
        ("like_count", .integer(from: 0)), ("sequence", .integer(from: 0)),
    ]
}
