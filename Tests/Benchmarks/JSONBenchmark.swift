import Delivery
import FoundationEssentials
import HTTPWire
import Web

extension Benchmark {
    /// What is written and read on an order's way, by the library alone and by what the services call.
    static let json = Benchmark(
        name: "json", summary: "the values of an order's way to JSON and back, beside the library's coder",
        help: jsonHelp
    ) { arguments in
        var (rounds, count, only) = (5, 20_000, "")
        var arguments = Arguments(arguments)
        while let option = arguments.next() {
            switch option {
            case "--rounds": rounds = try arguments.number(1...1000)
            case "--count": count = try arguments.number(1...10_000_000)
            case "--only": only = try arguments.value()
            default: throw arguments.unknown(jsonHelp)
            }
        }
        let ways = try JSONWay.all()
        if !only.isEmpty {
            for way in ways { for _ in 0..<count { try only == "ours" ? way.ours() : way.library() } }
            return
        }
        var report = Report(
            "json", columns: [.init(name: "library, µs", digits: 2), .init(name: "ours, µs", digits: 2)])
        var ratios = ways.map { (name: $0.name, series: Series()) }
        for round in 0...rounds {
            for (index, way) in ways.enumerated() {
                let library = try time(count, way.library)
                let ours = try time(count, way.ours)
                // The first round warms up.
                if round == 0 { continue }
                report.add(way.name, [library, ours])
                ratios[index].series.values.append(library / ours)
            }
        }
        try report.print(ratios: ratios.map { ("\($0.name): library / ours", $0.series) })
    }

    private static let jsonHelp = """
          --rounds N  how often each is measured; they take turns (5)
          --count N   values in a round (20000)
          --only WAY  library or ours: for a profile of one of them, without a table
        """

    private static func time(_ count: Int, _ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        for _ in 0..<count { try work() }
        return (ContinuousClock.now - start) / .microseconds(count)
    }
}

private struct JSONWay {
    let name: String
    let library: () throws -> Void
    let ours: () throws -> Void

    static func all() throws -> [JSONWay] {
        let status = Array(statusText.utf8)
        let detail = Array(detailText.utf8)
        let request = Array(requestText.utf8)
        let enveloped = Array(#"{"body":\#(requestText)}"#.utf8)
        let message = try JSON.decode(OrderStatusMessage.self, status)
        let completed = try JSON.decode(OrderCompletedMessage.self, Array(completedText.utf8))
        let pushed = try JSON.decode(OrderDetail.self, detail)
        return [
            written("write OrderStatusMessage", message),
            written("write OrderCompletedMessage", completed),
            written("write OrderDetail", pushed),
            JSONWay(
                name: "write a reply with an Order",
                library: { _ = Envelope.reply(json: try libraryEncode(pushed.order), status: .created) },
                ours: { _ = try Envelope.reply(pushed.order, status: .created) }),
            read("read OrderStatusMessage", OrderStatusMessage.self, status),
            read("read OrderDetail", OrderDetail.self, detail),
            JSONWay(
                name: "read OrderRequest",
                library: { _ = try libraryDecode(OrderRequest.self, request) },
                ours: { _ = try RequestBody.decode(OrderRequest.self, request) }),
            JSONWay(
                name: "read OrderRequest in an envelope",
                library: { _ = try libraryDecode([String: OrderRequest].self, enveloped) },
                ours: { _ = try RequestBody.decode(OrderRequest.self, enveloped) }),
        ]
    }

    private static func written(_ name: String, _ value: some JSONWritable) -> JSONWay {
        JSONWay(name: name, library: { _ = try libraryEncode(value) }, ours: { _ = try JSON.encode(value) })
    }

    private static func read<Value: Decodable>(_ name: String, _: Value.Type, _ octets: [UInt8]) -> JSONWay {
        JSONWay(
            name: name, library: { _ = try libraryDecode(Value.self, octets) },
            ours: { _ = try JSON.decode(Value.self, octets) })
    }

    /// For a type that is only known as `Encodable` this is the library's encoder.
    private static func libraryEncode(_ value: some Encodable) throws -> [UInt8] { try JSON.encode(value) }

    private static func libraryDecode<Value: Decodable>(_: Value.Type, _ octets: [UInt8]) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(octets))
    }

    private static let statusText = """
        {"action":"PLACE","actor":"CUSTOMER","address":"서울시 마포구 양화로 1, 101동 1001호","amount":24000,
        "changed_at":"2026-11-20T09:30:00.250Z","items":"김치찌개 2, 공기밥 1","order_id":1234567,"order_version":1,
        "ordered_at":"2026-11-20T09:30:00.250Z","paid_at":"2026-11-20T09:30:00.250Z","status":"ORDER","store_id":17,
        "store_name":"할머니 손맛 한식당","tx_id":"6fa459ea-ee8a-4ca4-894e-db77e160355e","customer_id":4711,"version":"1.0"}
        """

    private static let completedText = """
        {"completed_at":"2026-11-20T09:30:00.250Z","order_id":1234567,"tx_id":"6fa459ea-ee8a-4ca4-894e-db77e160355e",
        "customer_id":4711,"version":"1.0"}
        """

    private static let detailText = """
        {"store_menu_responses":[
        {"amount":9000,"id":65,"like_count":12,"name":"김치찌개","sequence":1,"status":"REGISTERED","store_id":17,
        "thumbnail_url":"https://images.example/menus/65.webp"},
        {"amount":6000,"id":66,"like_count":3,"name":"공기밥","sequence":2,"status":"REGISTERED","store_id":17,
        "thumbnail_url":"https://images.example/menus/66.webp"}],
        "user_order_response":{"address":"서울시 마포구 양화로 1, 101동 1001호","amount":24000,"id":1234567,"items":[
        {"amount":9000,"name":"김치찌개","quantity":2,"store_menu_id":65},
        {"amount":6000,"name":"공기밥","quantity":1,"store_menu_id":66}],"note":"문 앞에 놓아 주세요",
        "ordered_at":"2026-11-20T09:30:00.250Z","paid_at":"2026-11-20T09:30:00.250Z","status":"ORDER",
        "status_changed_at":"2026-11-20T09:30:00.250Z","store_id":17,"user_id":4711,"version":1}}
        """

    private static let requestText = #"{"store_id":17,"store_menu_id_list":[65,65,66]}"#
}
