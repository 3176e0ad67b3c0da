import OpenAPI

extension Description {
    static let stores: [Operation] = [
        Operation(
            .get, "/api/store/search", "searchStores", .stores, "Stores, best rated first", for: .customers,
            parameters: [
                .query(
                    "category", "Only stores of this category.", .values(Components.categories + [""]),
                    example: "KOREAN_FOOD")
            ],
            replies: [.ok(.list(of: .named("OfferedStore")))]),
        Operation(
            .get, "/api/store-menu/search", "searchMenus", .stores, "The menus of a store", for: .customers,
            details: "`store_id` is read in the place of `storeId`, too.",
            parameters: [.query("storeId", "The store.", .id, isRequired: true, example: 1)],
            replies: [.ok(.list(of: .named("OfferedMenu")))], refusals: [.noStore]),
    ]
}
