import AMQP
import Foundation
import Support
import Testing

extension ServiceTests {
    @Suite("The services and the queue", .serialized)
    struct MessageTests {
        @Test("an order's message has exactly the contract's body and properties, and goes on with the request's trace")
        func contract() async throws {
            let fixture = try await ServiceFixture.get()
            let people = try await People.get()
            let url = fixture.broker.url(virtualHost: fixture.virtualHost)
            try await AMQPConnection.withConnection(url, name: "test") { connection in
                let channel = try await connection.openChannel()
                let queue = try await channel.declareQueue(durable: false, exclusive: true)
                try await channel.bindQueue(queue.name, to: "delivery.exchange", routingKey: "delivery.key")
                let consumer = try await channel.consume(queue.name)
                let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
                for parent in ["00-\(trace)-00f067aa0ba902b7-01", nil] {
                    let reply = try await people.customer.post(
                        "/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1]],
                        headers: parent.map { ["traceparent": $0] } ?? [:])
                    #expect(reply.status == 201)
                    let id = try #require(reply.json["body"]["id"].int)
                    let request = try #require(reply.header("x-request-id"))
                    if parent != nil { #expect(request == trace) }
                    let delivery = try #require(try await consumer.next())
                    #expect(delivery.body == Array(#"{"user_order_id":\#(id)}"#.utf8))
                    #expect(delivery.exchange == "delivery.exchange")
                    #expect(delivery.routingKey == "delivery.key")
                    let properties = delivery.properties
                    #expect(properties.contentType == "application/json")
                    #expect(properties.deliveryMode == .persistent)
                    #expect(properties.type == "UserOrderMessage")
                    #expect(properties.appID == "api")
                    #expect(UUID(uuidString: properties.messageID ?? "") != nil)
                    let age = Date().timeIntervalSince1970 - Double(properties.timestamp ?? 0)
                    #expect(age > -5 && age < 60)
                    #expect(properties.headers?["version"] != nil)
                    let fields = properties.headers?["traceparent"]?.string?.split(separator: "-") ?? []
                    #expect(fields.count == 4)
                    #expect(fields.dropFirst().first.map(String.init) == request)
                    #expect(fields.dropFirst(2).first != "00f067aa0ba902b7")
                    try await delivery.ack()
                }
            }
        }

        @Test("poison on the queue goes to the dead letters with its reason and holds up no order")
        func poison() async throws {
            let fixture = try await ServiceFixture.get()
            let (pair, people) = (fixture.pair, try await People.get())
            let processes = fixture.processes
            let stream = pair.stream(people.session)
            try await stream.connect()
            try await stream.event("onopen") { $0.event == "onopen" }
            let poison: [[UInt8]] =
                [
                    #""hello""#, "hello", "", "{", "[]", "null", "{}", #"{"user_order_id":null}"#,
                    #"{"user_order_id":"7"}"#, #"{"user_order_id":1.5}"#, #"{"user_order_id":99999999}"#,
                    #"{"user_order_id":9223372036854775807}"#, #"{"user_order_id":99999999999999999999}"#,
                    #"{"user_order_id":-1}"#, #"{"user_order_id":0}"#, String(repeating: "[", count: 100_000),
                ].map { Array($0.utf8) } + [(0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }]
            let dead = try await deadLetters(fixture)
            let url = fixture.broker.url(virtualHost: fixture.virtualHost)
            try await AMQPConnection.withConnection(url, name: "test") { connection in
                let channel = try await connection.openChannel()
                var placed: [Int] = []
                for body in poison {
                    try await channel.publish(body, to: "delivery.exchange", routingKey: "delivery.key")
                    placed.append(try await pair.order(people.customer))
                }
                try await stream.waitForOrders(placed, within: 10)
                // The last order of an earlier test may still be on its way when the stream begins.
                func seen(_ orders: [Int]) -> [Int] { stream.orders.filter(orders.contains) }
                #expect(seen(placed) == placed)

                // The Spring original's spelling.
                let other = 5_000_000
                try await ServiceData.insertUnannounced(other, at: try #require(pair.environment["DATABASE_PATH"]))
                try await channel.publish(
                    Array(#"{"userOrderId":\#(other)}"#.utf8), to: "delivery.exchange", routingKey: "delivery.key")
                try await stream.waitForOrders([other])

                // A message that comes again is settled and changes nothing.
                try await channel.publish(
                    Array(#"{"user_order_id":\#(placed[0])}"#.utf8), to: "delivery.exchange",
                    routingKey: "delivery.key")
                try await eventually("the queue is empty", within: 20) {
                    try await fixture.broker.queue("delivery.queue", virtualHost: fixture.virtualHost)?.messages == 0
                }
                #expect(seen(placed + [other]) == placed + [other])
                #expect(try await deadLetters(fixture) == dead + poison.count)

                var bodies: [[UInt8]] = []
                while let delivery = try await channel.get("delivery.dead.queue") {
                    let headers = delivery.properties.headers
                    #expect(headers?["x-error"]?.string?.isEmpty == false)
                    #expect((headers?["x-attempts"]?.integer ?? 0) >= 1)
                    #expect(headers?["x-first-seen"]?.string?.isEmpty == false)
                    bodies.append(delivery.body)
                    try await delivery.ack()
                }
                #expect(bodies.count == poison.count)
                #expect(Set(bodies) == Set(poison))
            }
            stream.close()
            #expect(fixture.processes == processes)
        }

        @Test("a queue that somebody deletes is declared again, and orders go on")
        func deletedQueue() async throws {
            let fixture = try await ServiceFixture.get()
            let (pair, people) = (fixture.pair, try await People.get())
            let stream = pair.stream(people.session)
            try await stream.connect()
            try await stream.event("onopen") { $0.event == "onopen" }
            try await fixture.broker.deleteQueue("delivery.queue", virtualHost: fixture.virtualHost)
            var placed: [Int] = []
            for _ in 0..<5 { placed.append(try await pair.order(people.customer)) }
            try await stream.waitForOrders(placed)
            #expect(stream.orders.sorted() == placed)
            stream.close()
        }

        private func deadLetters(_ fixture: ServiceFixture) async throws -> Int {
            try await fixture.broker.queue("delivery.dead.queue", virtualHost: fixture.virtualHost)?.ready ?? 0
        }
    }
}
