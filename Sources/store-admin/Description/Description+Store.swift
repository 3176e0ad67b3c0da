import OpenAPI

extension Description {
    static let store: [Operation] = [
        Operation(
            .get, "/api/store/settings", "getStoreSettings", .store, "How the store takes orders", for: .stores,
            replies: [.ok(.named("StoreSettings"))]),
        Operation(
            .put, "/api/store/settings", "changeStoreSettings", .store, "Change some of it", for: .stores,
            details: "A USER changes `busy_minutes` and `paused_until` alone. Every tab of the store hears of it.",
            body: .init(
                .named("StoreSettingsChange"),
                examples: [
                    "busy": ["busy_minutes": 10], "quiet": ["busy_minutes": 0, "paused_until": nil],
                    "areas": ["area_codes": ["서울 마포구"]],
                ]),
            replies: [.ok(.named("StoreSettings"), "All settings.")]),
        Operation(
            .get, "/api/store/summary", "getStoreSummary", .store, "The store's day in figures", for: .stores,
            parameters: [
                .query("day", "A day in Korea; today without it.", .any(of: [.day, .values([""])]))
            ],
            replies: [.ok(.named("StoreSummary"))]),
        Operation(
            .get, "/api/store-menu", "listStoreMenus", .store, "The menus, also those that are sold out",
            for: .stores, replies: [.ok(.list(of: .named("OfferedMenu")))]),
        Operation(
            .post, "/api/store-menu/{id}/sold-out", "setSoldOut", .store, "A menu is sold out", for: .stores,
            parameters: [menu],
            body: .init(.named("SoldOut"), isRequired: false, examples: ["demo": [:]]),
            replies: [.ok(.named("OfferedMenu"))], refusals: [noMenu]),
        Operation(
            .post, "/api/store-menu/{id}/on-sale", "setOnSale", .store, "A menu can be had again", for: .stores,
            parameters: [menu], replies: [.ok(.named("OfferedMenu"))], refusals: [noMenu]),
    ]

    private static let menu = Operation.Parameter.path("id", "The menu.", .id, example: 5)
    private static let noMenu = Operation.Refusal(404, codes: [3405], "The store has no such menu.")
}

extension Operation.Tag {
    static let store = Self("Store", "How one's store takes orders, what is sold out, and its day.")
}
