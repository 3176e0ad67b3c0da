/// The rules of ordering, without a database.
package enum OrderRules {
    /// Whether a store takes an order now, for that address.
    ///
    /// - Parameter settings: as they count at the time of the order.
    /// - Throws: `DeliveryError` with result code 3404, 3006 or 3005.
    package static func admit(
        to store: Store, _ settings: StoreSettings, address: String
    ) throws(DeliveryError) {
        guard store.status == .registered else { throw .storeNotFound }
        if let time = settings.pausedUntil { throw .storePaused(until: time) }
        guard Area(settings.areaCodes).contains(address) else { throw .outsideDeliveryArea }
    }

    /// Prices a request by the server's own menus.
    ///
    /// - Parameter menus: the menus that were found, by id.
    /// - Throws: `DeliveryError` with result code 3405, 3004, 3002 or 3003.
    package static func price(
        _ request: OrderRequest, at store: Store, menus: [Int: OfferedMenu]
    ) throws(DeliveryError) -> (items: [OrderItem], amount: Int) {
        guard store.status == .registered else { throw .storeNotFound }
        var items: [OrderItem] = []
        items.reserveCapacity(request.lines.count)
        var amount = 0
        for line in request.lines {
            guard let offered = menus[line.menuID] else { throw .menuNotFound(line.menuID) }
            let menu = offered.menu
            guard menu.storeID == store.id else { throw .menuNotOrderable(menu.id, "belongs to another store") }
            guard menu.status == .registered else { throw .menuNotOrderable(menu.id, "is not on sale") }
            guard !offered.isSoldOut else { throw .soldOut(menu.id, menu.name) }
            guard (1...OrderRequest.mostOfOne).contains(line.quantity) else {
                throw .invalid("quantity", "must be between 1 and \(OrderRequest.mostOfOne)")
            }
            // A damaged price must not trap.
            let (cost, overflow) = menu.amount.multipliedReportingOverflow(by: line.quantity)
            let (sum, overflowOfSum) = amount.addingReportingOverflow(cost)
            guard menu.amount >= 0, !overflow, !overflowOfSum else {
                throw .menuNotOrderable(menu.id, "has no usable price")
            }
            amount = sum
            items.append(OrderItem(menuID: menu.id, name: menu.name, amount: menu.amount, quantity: line.quantity))
        }
        guard amount >= store.minimumAmount else { throw .belowMinimum(amount, store.minimumAmount) }
        return (items, amount)
    }
}
