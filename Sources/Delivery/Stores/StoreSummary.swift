/// A store's day in figures, by the day in Korea on which an order was placed.
package struct StoreSummary: Encodable, Equatable, Sendable {
    package struct MenuLine: Codable, Equatable, Sendable {
        package let menuID: Int
        package let name: String
        package internal(set) var quantity: Int
        /// Won.
        package internal(set) var amount: Int

        enum CodingKeys: String, CodingKey {
            case name, quantity, amount
            case menuID = "store_menu_id"
        }
    }

    package let day: KoreanDay
    /// All that reached the store.
    package private(set) var orders = 0
    /// Won, of those that were not given back.
    package private(set) var sales = 0
    package private(set) var rejected = 0
    package private(set) var cancelled = 0
    package private(set) var expired = 0
    /// Not at their end yet.
    package private(set) var open = 0
    /// From the payment to ACCEPT. Nil when nothing was accepted.
    package private(set) var averageAcceptSeconds: Int?
    /// From COOKING to COOKED.
    package private(set) var averageCookingSeconds: Int?
    /// What was sold, most first.
    package private(set) var menus: [MenuLine] = []

    private enum CodingKeys: String, CodingKey {
        case day, orders, sales, rejected, cancelled, expired, open, menus
        case averageAcceptSeconds = "average_accept_seconds"
        case averageCookingSeconds = "average_cooking_seconds"
    }

    /// An average of nothing is null, and not missing.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(day, forKey: .day)
        try container.encode(orders, forKey: .orders)
        try container.encode(sales, forKey: .sales)
        try container.encode(rejected, forKey: .rejected)
        try container.encode(cancelled, forKey: .cancelled)
        try container.encode(expired, forKey: .expired)
        try container.encode(open, forKey: .open)
        try container.encode(averageAcceptSeconds, forKey: .averageAcceptSeconds)
        try container.encode(averageCookingSeconds, forKey: .averageCookingSeconds)
        try container.encode(menus, forKey: .menus)
    }

    // MARK: - Counting

    /// Takes the day's rows one by one.
    struct Counter {
        private var summary: StoreSummary
        private var lines: [Int: MenuLine] = [:]
        private var accepting = Average()
        private var cooking = Average()
        private var cookingSince: (order: Int, time: Timestamp)?

        init(_ day: KoreanDay) { summary = StoreSummary(day: day) }

        mutating func order(_ status: OrderStatus, amount: Int, isOpen: Bool) {
            summary.orders += 1
            if isOpen { summary.open += 1 }
            switch status {
            case .reject: summary.rejected += 1
            case .cancel: summary.cancelled += 1
            case .expired: summary.expired += 1
            default: summary.sales = StoreSummary.sum(summary.sales, amount)
            }
        }

        mutating func item(_ menuID: Int, name: String, amount: Int, quantity: Int) {
            var line = lines[menuID] ?? MenuLine(menuID: menuID, name: name, quantity: 0, amount: 0)
            line.quantity = StoreSummary.sum(line.quantity, quantity)
            let (cost, isTooLarge) = amount.multipliedReportingOverflow(by: quantity)
            line.amount = StoreSummary.sum(line.amount, isTooLarge ? .max : cost)
            lines[menuID] = line
        }

        mutating func accepted(at time: Timestamp, since start: Timestamp) { accepting.take(start, time) }

        /// The end of an order's cooking comes after its beginning, with no other order in between.
        mutating func startedCooking(_ order: Int, at time: Timestamp) { cookingSince = (order, time) }

        mutating func finishedCooking(_ order: Int, at time: Timestamp) {
            guard let since = cookingSince, since.order == order else { return }
            cooking.take(since.time, time)
            cookingSince = nil
        }

        func finish() -> StoreSummary {
            var summary = summary
            summary.averageAcceptSeconds = accepting.seconds
            summary.averageCookingSeconds = cooking.seconds
            summary.menus = lines.values.sorted { ($0.quantity, $1.menuID) > ($1.quantity, $0.menuID) }
            return summary
        }
    }

    private struct Average {
        private var milliseconds = 0
        private var count = 0

        /// A clock that was set back in between makes no negative time.
        mutating func take(_ start: Timestamp, _ end: Timestamp) {
            let (time, isTooLarge) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
            guard !isTooLarge else { return }
            milliseconds = StoreSummary.sum(milliseconds, max(time, 0))
            count += 1
        }

        /// Rounded to the nearest.
        var seconds: Int? { count == 0 ? nil : (milliseconds / count + 500) / 1000 }
    }

    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, isTooLarge) = left.addingReportingOverflow(right)
        return isTooLarge ? .max : sum
    }
}
