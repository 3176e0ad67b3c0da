import SQLite

/// What an empty database is filled with to try the system: three stores with four menus each, and a login for everybody.
package enum DemoData {
    package static let password = "password"
    static let operatorEmail = "operator@example.com"
    static let riderEmail = "rider@example.com"

    /// The hash of `password`, made once: at start nobody should wait for scrypt. It is no secret.
    static let passwordHash = PasswordHash(
        text: "scrypt$ln=15,r=8,p=3$64656c69766572792d64656d6f2d3031$"
            + "feb5fe970f6a5220d1862679b84439d5e47c178c3e9de7cc9f1b9be873672ba6")

    private struct DemoStore {
        let store: Store
        let menus: [(name: String, amount: Int, likes: Int)]
    }

    /// - Returns: false when the database holds something already.
    package static func fill(_ db: Connection) throws -> Bool {
        guard try !db.exists("SELECT 1 FROM store LIMIT 1"), try !db.exists("SELECT 1 FROM customer LIMIT 1") else {
            return false
        }
        let now = Timestamp.now
        for (index, demo) in stores.enumerated() {
            let id = try StoreRecords.insert(demo.store, in: db)
            for (sequence, menu) in demo.menus.enumerated() {
                try MenuRecords.insert(
                    Menu(
                        id: 0, storeID: id, name: menu.name, amount: menu.amount, status: .registered,
                        thumbnailURL: "", likeCount: menu.likes, sequence: sequence), in: db)
            }
            _ = try AccountRecords.insertStoreUser(
                storeID: id, email: "owner\(index + 1)@example.com", password: passwordHash, role: .master, at: now,
                in: db)
        }
        _ = try AccountRecords.insertStoreUser(
            storeID: nil, email: operatorEmail, password: passwordHash, role: .operator, at: now, in: db)
        let rider = try AccountRecords.insertStoreUser(
            storeID: nil, email: riderEmail, password: passwordHash, role: .rider, at: now, in: db)
        try RiderRecords.insert(user: rider, name: "박바람", area: .everywhere, in: db)
        let customers = [
            ("김하늘", "customer@example.com", "서울시 마포구 월드컵로 12, 301호"),
            ("이바다", "customer2@example.com", "서울시 마포구 동교로 45, 1202호"),
        ]
        for (name, email, address) in customers {
            _ = try AccountRecords.insertCustomer(
                name: name, email: email, address: address, password: passwordHash, at: now, in: db)
        }
        return true
    }

    private static func store(
        _ name: String, _ address: String, _ category: Store.Category, star: Double, minimum: Int, fee: Int,
        phone: String, _ menus: [(name: String, amount: Int, likes: Int)]
    ) -> DemoStore {
        DemoStore(
            store: Store(
                id: 0, name: name, address: address, status: .registered, category: category, star: star,
                thumbnailURL: "", minimumAmount: minimum, minimumDeliveryAmount: fee, phoneNumber: phone),
            menus: menus)
    }

    /// Any one menu alone meets its store's minimum amount.
    private static let stores = [
        store(
            "한솥부엌 홍대점", "서울시 마포구 와우산로 21", .koreanFood, star: 4.8, minimum: 7_000, fee: 2_000,
            phone: "02-330-1001",
            [
                ("김치찌개", 8_000, 312), ("제육볶음 정식", 9_500, 274), ("돌솥비빔밥", 9_000, 198), ("해물파전", 14_000, 121),
                ("된장찌개", 8_000, 167),
            ]),
        store(
            "나폴리 화덕피자", "서울시 마포구 양화로 88", .pizza, star: 4.6, minimum: 12_000, fee: 3_000,
            phone: "02-330-1002",
            [
                ("마르게리타 피자", 16_000, 420), ("고르곤졸라 피자", 18_000, 388), ("페퍼로니 피자", 17_000, 251),
                ("버섯 크림 리조또", 13_500, 97),
            ]),
        store(
            "바삭한 치킨 연남", "서울시 마포구 동교로 210", .chicken, star: 4.7, minimum: 10_000, fee: 2_500,
            phone: "02-330-1003",
            [
                ("후라이드 치킨", 18_000, 530), ("양념 치킨", 19_000, 611), ("간장 마늘 치킨", 20_000, 287),
                ("치즈볼과 감자튀김", 10_000, 143),
            ]),
    ]
}
