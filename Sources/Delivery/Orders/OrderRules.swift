/// The rules of ordering, without a database.
package enum OrderRules {
    /// Prices a request by the server's own menus.
    ///
    /// - Parameter menus: the menus that were found, by id.
    /// - Throws: `DeliveryError` with result code 3405, 3004 or 3003.
    package static func price(
        _ request: OrderRequest, at store: Store, menus: [Int: Menu]
    ) throws(DeliveryError) -> (items: [OrderItem], amount: Int) {
        guard store.status == .registered else { throw .storeNotFound }
        var items: [OrderItem] = []
        items.reserveCapacity(request.lines.count)
        var amount = 0
        for line in request.lines {
            guard let menu = menus[line.menuID] else { throw .menuNotFound(line.menuID) }
            guard menu.storeID == store.id else { throw .menuNotOrderable(menu.id, "belongs to another store") }
            guard menu.status == .registered else { throw .menuNotOrderable(menu.id, "is not on sale") }
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
