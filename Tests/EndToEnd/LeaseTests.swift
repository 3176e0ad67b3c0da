import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("Several api processes on one database file", .serialized)
    struct LeaseTests {
        /// The value of a metric without labels.
        private func metric(_ name: String, of service: ServiceProcess) async throws -> Int? {
            try await service.http.get("/metrics").text.split(separator: "\n").lazy
                .compactMap { line in line.hasPrefix(name + " ") ? Int(line.dropFirst(name.count + 1)) : nil }.first
        }

        /// On the broker, for a new order: its own, and two on `order.events`.
        private static let messages = 3

        @Test("each order is published by one of them; what a killed one leaves, one other publishes at once")
        func takeOver() async throws {
            let broker = try await ownBroker.value
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            // store-admin has a relay too, and takes over like the others.
            var apis = [pair.api]
            for _ in 0..<2 { apis.append(try await ServiceProcess.start("api", environment: pair.environment)) }
            let customer = try await pair.customer()
            try await broker.stop()

            var placed: [Int] = []
            for number in 0..<30 {
                placed.append(try await pair.order(apis[number % 3].http.with(headers: customer.headers)))
            }
            // Each has looked through the table since, and seen the others' rows, too.
            for api in apis {
                try await eventually("\(api.name) sees what waits", within: 20) {
                    try await metric("outbox_rows", of: api) == placed.count
                }
            }
            try await pair.api.kill()
            let others = apis[1...] + [pair.admin]
            try await eventually("one of the others takes over", within: 10) {
                let taken = try await others.asyncMap { try await metric("outbox_taken_over_total", of: $0) ?? 0 }
                return taken.reduce(0, +) == 1
            }
            try await broker.startAgain()

            let stream = pair.stream(try await pair.session(), after: "0")
            try await stream.connect()
            try await stream.waitForOrders(placed, within: 30)
            try await eventually("the outbox is empty", within: 10) {
                try await others.asyncMap { try await metric("outbox_rows", of: $0) ?? 0 } == [0, 0, 0]
            }
            let confirmed = try await others.asyncMap { try await metric("outbox_confirmed_total", of: $0) ?? 0 }
            #expect(confirmed.reduce(0, +) == placed.count * Self.messages)
            #expect(stream.orders.sorted() == placed.sorted())
            stream.close()

            // Only those that live hold a file.
            try await eventually("the killed one's file is gone", within: 10) { try files(pair).count == 3 }
            for service in others { #expect(try await service.terminate(within: 6) == .code(0)) }
            #expect(try files(pair) == [])
            try await pair.stop()
        }

        private func files(_ pair: ServicePair) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: pair.folder.path).filter { $0.contains(".instance-") }
        }
    }
}

extension Sequence {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
