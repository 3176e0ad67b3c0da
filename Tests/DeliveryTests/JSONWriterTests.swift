import Testing

@testable import Delivery

@Suite("JSON on the orders' way")
struct JSONWriterTests {
    @Test("every value is written octet by octet as the library's encoder writes it, whatever is in it")
    func sameAsLibrary() throws {
        var values = RandomValues(seed: 6)
        for _ in 0..<400 { try values.visitAll { try compare($0) } }
    }

    @Test("no member of a value is forgotten: with all that may be left out set, both write the same")
    func nothingIsForgotten() throws {
        var values = RandomValues(seed: 7)
        values.isFull = true
        for _ in 0..<10 {
            try values.visitAll { value in
                #expect(missing(in: value, "\(type(of: value))") == [])
                try compare(value)
            }
        }
    }

    @Test("every scalar of Unicode's first plane is written as the library's encoder writes it")
    func scalars() throws {
        for start in stride(from: UInt32(0), to: 0x1_0000, by: 64) {
            let scalars = (start..<start + 64).compactMap { Unicode.Scalar($0) }
            try compare(String(String.UnicodeScalarView(scalars)))
            if start < 0x100 { for scalar in scalars { try compare([String(scalar), "a\(scalar)b"]) } }
        }
    }

    @Test("numbers and times are written as the library's encoder writes them, at their ends too")
    func numbers() throws {
        for number in RandomValues.numbers {
            try compare([number, -number - 1])
            try compare([Timestamp(milliseconds: number), Timestamp(milliseconds: -number - 1)])
        }
        for number in [
            0, -0.0, 4.5, 4, -1e-7, 0.1, 1e15, 1e16, 1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        ] {
            try compare([number, -number])
        }
        #expect(try JSON.encode([Double.nan, -.infinity]) == Array("[null,null]".utf8))
        try compare([true, false])
        try compare([Int]())
        try compare([[String]](arrayLiteral: [], ["{", "["], []))
    }

    /// What the two write; the second function knows the value only as one for the library's encoder.
    private func compare(_ value: some JSONWritable, at place: SourceLocation = #_sourceLocation) throws {
        func library(_ value: some Encodable) throws -> [UInt8] { try JSON.encode(value) }
        let (written, expected) = (try JSON.encode(value), try library(value))
        guard written != expected else { return }
        #expect(
            String(decoding: written, as: UTF8.self) == String(decoding: expected, as: UTF8.self), sourceLocation: place
        )
    }

    /// Where a value has an optional without a value, or a list without an element.
    private func missing(in value: Any, _ path: String) -> [String] {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional || mirror.displayStyle == .collection, mirror.children.isEmpty {
            return [path]
        }
        return mirror.children.flatMap { missing(in: $0.value, "\(path).\($0.label ?? "")") }
    }
}

/// Values of all types that are written on the orders' way. A new one is added to `visitAll`.
private struct RandomValues {
    /// Everything that may be left out is there.
    var isFull = false
    private var random: SeededRandom

    static let numbers = [0, 1, 9, 10, 99, 1000, 253_402_300_799_999, 253_402_300_800_000, .max - 1, .max]

    private static let texts = [
        "", " ", "김치찌개 2인분, \"맵게\"", "back\\slash/slash", "line\nfeed\r\n\ttab", "\u{0}\u{1}\u{8}\u{C}\u{1F}\u{7F}",
        "👨‍👩‍👧‍👦🇰🇷", "e\u{301}\u{2028}\u{2029}\u{FFFF}\u{10FFFF}", "{", "[", "}]\"", "null", "a long text without anything",
    ]

    init(seed: UInt64) { random = SeededRandom(seed) }

    mutating func visitAll(_ visit: (any JSONWritable) throws -> Void) rethrows {
        let (order, event) = (order(), event())
        try visit(order)
        try visit(OrderDetail(order: order, menus: list { $0.menu() }))
        try visit(
            OrderStatusMessage(order, event, store: store(), riderName: optional { $0.text() }, txID: text()))
        try visit(OrderCompletedMessage(order: number(), customer: number(), txID: text(), at: time()))
        try visit(
            OrderListEntry(
                order: order, store: store(), menus: list { $0.menu() },
                timeline: optional { values in values.list { $0.event() } },
                payment: optional {
                    OrderPayment.View(state: $0.one(of: PaymentState.allCases), message: $0.text())
                }))
        try visit(OrderStatusEvent(order, event))
        try visit(DeliveryChangedEvent(order))
        try visit(Orders.Acknowledgement(id: number(), acknowledgedAt: time()))
    }

    private mutating func order() -> Order {
        Order(
            id: number(), customerID: number(), storeID: number(), status: one(of: OrderStatus.allCases),
            amount: number(), orderedAt: time(), note: optional { $0.text() }, address: text(), version: number(),
            statusChangedAt: time(), paidAt: optional { $0.time() }, acknowledgedAt: optional { $0.time() },
            prepMinutes: optional { $0.number() }, readyAt: optional { $0.time() },
            reason: optional { $0.one(of: RejectReason.allCases) }, reasonNote: optional { $0.text() },
            riderID: optional { $0.number() }, closedAt: optional { $0.time() },
            items: list { values in
                OrderItem(
                    menuID: values.number(), name: values.text(), amount: values.number(), quantity: values.number())
            })
    }

    private mutating func menu() -> Menu {
        Menu(
            id: number(), storeID: number(), name: text(), amount: number(),
            status: one(of: [.registered, .unregistered]), thumbnailURL: text(), likeCount: number(), sequence: number()
        )
    }

    private mutating func store() -> Store {
        Store(
            id: number(), name: text(), address: text(), status: one(of: [.registered, .unregistered]),
            category: one(of: Store.Category.allCases), star: one(of: [0, 4, 4.5, 4.7000000000000002, 5]),
            thumbnailURL: text(), minimumAmount: number(), minimumDeliveryAmount: number(), phoneNumber: text())
    }

    private mutating func event() -> OrderEvent {
        OrderEvent(
            version: number(), action: one(of: OrderAction.allCases), status: one(of: OrderStatus.allCases),
            actor: one(of: OrderActor.Kind.allCases), at: time())
    }

    // MARK: - Parts

    private mutating func one<Value>(of values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &random)]
    }

    private mutating func optional<Value>(_ value: (inout RandomValues) -> Value) -> Value? {
        isFull || Bool.random(using: &random) ? value(&self) : nil
    }

    private mutating func list<Value>(_ value: (inout RandomValues) -> Value) -> [Value] {
        (0..<Int.random(in: isFull ? 1...3 : 0...3, using: &random)).map { _ in value(&self) }
    }

    private mutating func number() -> Int {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: one(of: Self.numbers)
        case 1: -one(of: Self.numbers) - 1
        default: Int.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<64, using: &random)
        }
    }

    private mutating func time() -> Timestamp {
        let usual = Int.random(in: CalendarTime.earliest...CalendarTime.latest, using: &random)
        return Timestamp(milliseconds: Bool.random(using: &random) ? usual : number())
    }

    private mutating func text() -> String {
        var text = one(of: Self.texts)
        for _ in 0..<Int.random(in: 0..<4, using: &random) {
            text += one(of: Self.texts)
            text.unicodeScalars.append(Unicode.Scalar(UInt16.random(in: 0..<0xD800, using: &random)) ?? " ")
        }
        return text
    }
}
