extension Components {
    /// What riders see.
    package static let riders: KeyValuePairs<String, Schema> = [
        "RiderDelivery": .object(
            [
                "order_id": .id, "status": status,
                "store": .object(["id": .id, "name": .string, "address": .string, "phone_number": .string]),
                "address": .string.described("all of it for who carries the order, else the part of the town"),
                "items": .string.example("김치찌개 2, 공기밥 1"), "amount": .won,
                "ready_since": .time,
            ], optional: ["note": .string.described("for who carries the order"), "rider_id": .id]),
        "RiderBoard": .object([
            "available": .list(of: .named("RiderDelivery")).described("to be taken, ready longest first"),
            "mine": .list(of: .named("RiderDelivery")).described("taken and not delivered yet, oldest first"),
            "most_carried": .integer(from: 1).described("how many one carries at once"),
            "delivered_today": .integer(from: 0),
        ]),
        "DeliveryChangedEvent": .object(["id": .id, "status": status], optional: ["rider_id": .id]),
    ]

    /// Beginnings of addresses in whole words.
    package static let areaCodes = Schema.list(of: .text(to: 100), to: 100)
        .described("beginnings of addresses in whole words, such as 서울 마포구; empty is everywhere")
}
