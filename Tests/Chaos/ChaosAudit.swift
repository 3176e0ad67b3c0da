/// What everybody has in the end, and whether it is the same. Pure.
package struct ChaosAudit: Sendable {
    package struct Accepted: Sendable {
        package let order: Int
        /// The customers' own number of it.
        package let number: Int

        package init(order: Int, number: Int) {
            self.order = order
            self.number = number
        }
    }

    /// A row of `user_order`.
    package struct Stored: Sendable {
        package let order: Int
        package let store: Int
        package let number: Int?

        package init(order: Int, store: Int, number: Int?) {
            self.order = order
            self.store = store
            self.number = number
        }
    }

    /// A new-order event, in the log or in a tab.
    package struct Event: Sendable, Hashable {
        package let id: Int
        package let order: Int

        package init(id: Int, order: Int) {
            self.id = id
            self.order = order
        }
    }

    package struct Reader: Sendable {
        package let name: String
        package let store: Int
        package let events: [Event]

        package init(name: String, store: Int, events: [Event]) {
            self.name = name
            self.store = store
            self.events = events
        }
    }

    /// Something that is wrong, and with which orders.
    package struct Finding: Sendable, Equatable {
        package let text: String
        package let orders: [Int]
    }

    package var accepted: [Accepted] = []
    /// Numbers of orders that got no answer and were not sent again.
    package var unknown: Set<Int> = []
    package var stored: [Stored] = []
    /// By store.
    package var log: [Int: [Event]] = [:]
    package var readers: [Reader] = []

    package init() {}

    package func findings() -> [Finding] {
        customerFindings() + logFindings() + readers.flatMap { readerFindings($0) }
    }

    private func finding(_ text: String, _ orders: some Sequence<Int>) -> [Finding] {
        let orders = orders.sorted()
        return orders.isEmpty ? [] : [Finding(text: "\(orders.count) \(text)", orders: orders)]
    }

    /// What the customers were told against what is stored.
    private func customerFindings() -> [Finding] {
        let known = Set(stored.map(\.order))
        var numbers: [Int: [Int]] = [:]
        for row in stored { if let number = row.number { numbers[number, default: []].append(row.order) } }
        let answered = Set(accepted.map(\.number))
        let wrong = accepted.filter { known.contains($0.order) && numbers[$0.number]?.contains($0.order) != true }
        return finding(
            "orders were answered with 201 and are not stored", accepted.map(\.order).filter { !known.contains($0) })
            + finding("orders were answered with the id of another order", wrong.map(\.order))
            + finding("ids were answered to more than one order", Self.repeated(accepted.map(\.order)))
            + finding("orders are stored twice", numbers.values.filter { $0.count > 1 }.flatMap { $0 })
            + finding(
                "orders are stored that nobody has placed",
                stored.filter { $0.number.map { !answered.contains($0) && !unknown.contains($0) } ?? true }.map(\.order)
            )
    }

    /// What is stored against what is in the log.
    private func logFindings() -> [Finding] {
        let events = log.values.flatMap { $0 }.map(\.order)
        let logged = Set(events)
        let stores = Dictionary(stored.map { ($0.order, $0.store) }) { first, _ in first }
        let strange = log.flatMap { store, events in events.filter { stores[$0.order] != store }.map(\.order) }
        return finding("orders are stored and not in the log", stores.keys.filter { !logged.contains($0) })
            + finding("orders are in the log more than once", Self.repeated(events))
            + finding("orders in the log are not stored, or of another store", strange)
            + log.sorted { $0.key < $1.key }.flatMap { growth("the log of store \($0.key)", $0.value) }
    }

    /// What a tab has against what is in the log of its store.
    private func readerFindings(_ reader: Reader) -> [Finding] {
        let log = self.log[reader.store] ?? []
        let (seen, expected) = (Set(reader.events), Set(log))
        return finding("orders are in the log and not in \(reader.name)", expected.subtracting(seen).map(\.order))
            + finding("events of \(reader.name) are not in the log", seen.subtracting(expected).map(\.order))
            + finding("orders came more than once to \(reader.name)", Self.repeated(reader.events.map(\.order)))
            + growth(reader.name, reader.events)
    }

    private func growth(_ name: String, _ events: [Event]) -> [Finding] {
        let late = zip(events, events.dropFirst()).filter { $0.id >= $1.id }.map { $1.order }
        return finding("events of \(name) are not in the order of their ids", late)
    }

    private static func repeated(_ values: [Int]) -> Set<Int> {
        var seen: Set<Int> = []
        return Set(values.filter { !seen.insert($0).inserted })
    }
}
