import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("Orders arrive, whatever happens in between", .serialized)
    struct StoryTests {
        @Test(
            "orders that are placed while store-admin or RabbitMQ is stopped arrive later, each once and in their order"
        )
        func stopped() async throws {
            let broker = try await ownBroker.value
            let pair = try await start(broker)
            let customer = try await pair.customer()
            let session = try await pair.session()
            let stream = pair.stream(session, after: "0", reconnects: true)
            try await stream.connect()
print("T1", Date().timeIntervalSince1970, #"try await stream.connect()"#)
            var placed: [Int] = []
            func place(_ count: Int) async throws {
                for _ in 0..<count { placed.append(try await pair.order(customer)) }
            }
            try await place(5)
print("T2", Date().timeIntervalSince1970, #"try await place(5)"#)
            try await stream.waitForOrders(placed)
print("T3", Date().timeIntervalSince1970, #"try await stream.waitForOrders(placed)"#)

            #expect(try await pair.admin.terminate(within: 6) == .code(0))
print("T4", Date().timeIntervalSince1970, #"#expect(try await pair.admin.terminate(within: 6) == .code(0))"#)
            try await place(5)
print("T5", Date().timeIntervalSince1970, #"try await place(5)"#)
            try await pair.admin.startAgain()
print("T6", Date().timeIntervalSince1970, #"try await pair.admin.startAgain()"#)
            try await stream.waitForOrders(placed)
print("T7", Date().timeIntervalSince1970, #"try await stream.waitForOrders(placed)"#)

            try await broker.stop()
print("T8", Date().timeIntervalSince1970, #"try await broker.stop()"#)
            try await place(5)
print("T9", Date().timeIntervalSince1970, #"try await place(5)"#)
            let ready = try await pair.api.http.get("/health/ready")
            #expect(ready.status == 200)
print("T10", Date().timeIntervalSince1970, #"#expect(ready.status == 200)"#)
            #expect(ready.json["status"].string == "DEGRADED")
print("T11", Date().timeIntervalSince1970, #"#expect(ready.json["status"].string == "DEGRADED")"#)
            #expect(ready.json["database"].string == "UP")
print("T12", Date().timeIntervalSince1970, #"#expect(ready.json["database"].string == "UP")"#)
            try await broker.startAgain()
print("T13", Date().timeIntervalSince1970, #"try await broker.startAgain()"#)
            try await stream.waitForOrders(placed)
print("T14", Date().timeIntervalSince1970, #"try await stream.waitForOrders(placed)"#)
            try await pair.waitUntilUp()
print("T15", Date().timeIntervalSince1970, #"try await pair.waitUntilUp()"#)

            // Orders on their way while the broker says goodbye are the hard ones.
            let load = LoadGenerator(customer)
            try await load.more(20)
print("T16", Date().timeIntervalSince1970, #"try await load.more(20)"#)
            try await broker.stop()
print("T17", Date().timeIntervalSince1970, #"try await broker.stop()"#)
            try await load.more(20)
print("T18", Date().timeIntervalSince1970, #"try await load.more(20)"#)
            try await broker.startAgain()
print("T19", Date().timeIntervalSince1970, #"try await broker.startAgain()"#)
            try await load.more(20)
print("T20", Date().timeIntervalSince1970, #"try await load.more(20)"#)
            try await load.end()
print("T21", Date().timeIntervalSince1970, #"try await load.end()"#)
            #expect(load.refused == [])
print("T22", Date().timeIntervalSince1970, #"#expect(load.refused == [])"#)
            placed += load.accepted.sorted()
            try await stream.waitForOrders(placed)
print("T23", Date().timeIntervalSince1970, #"try await stream.waitForOrders(placed)"#)

            #expect(stream.orders == placed)
print("T24", Date().timeIntervalSince1970, #"#expect(stream.orders == placed)"#)
            try await expectLog(pair, session, equals: stream)
print("T25", Date().timeIntervalSince1970, #"try await expectLog(pair, session, equals: stream)"#)
            stream.close()
            try await pair.stop()
print("T26", Date().timeIntervalSince1970, #"try await pair.stop()"#)
        }

        @Test(
            "orders survive kill -9 of api, of store-admin and of RabbitMQ; a tab that is cut misses and repeats nothing"
        )
        func killed() async throws {
            let broker = try await ownBroker.value
            let pair = try await start(broker)
            let customer = try await pair.customer()
            let session = try await pair.session()
            let stream = pair.stream(session, after: "0", reconnects: true)
            try await stream.connect()
print("T27", Date().timeIntervalSince1970, #"try await stream.connect()"#)
            let load = LoadGenerator(customer)
            try await load.more(20)
print("T28", Date().timeIntervalSince1970, #"try await load.more(20)"#)
            for _ in 0..<2 {
                try await pair.api.kill()
print("T29", Date().timeIntervalSince1970, #"try await pair.api.kill()"#)
                try await pair.api.startAgain()
print("T30", Date().timeIntervalSince1970, #"try await pair.api.startAgain()"#)
                try await load.more(20)
print("T31", Date().timeIntervalSince1970, #"try await load.more(20)"#)
                stream.cut()
                try await pair.admin.kill()
print("T32", Date().timeIntervalSince1970, #"try await pair.admin.kill()"#)
                try await load.more(20)
print("T33", Date().timeIntervalSince1970, #"try await load.more(20)"#)
                try await pair.admin.startAgain()
print("T34", Date().timeIntervalSince1970, #"try await pair.admin.startAgain()"#)
                try await load.more(20)
print("T35", Date().timeIntervalSince1970, #"try await load.more(20)"#)
                stream.cut()
            }
            try await broker.kill()
print("T36", Date().timeIntervalSince1970, #"try await broker.kill()"#)
            try await load.more(20)
print("T37", Date().timeIntervalSince1970, #"try await load.more(20)"#)
            try await pair.admin.kill()
print("T38", Date().timeIntervalSince1970, #"try await pair.admin.kill()"#)
            try await broker.startAgain()
print("T39", Date().timeIntervalSince1970, #"try await broker.startAgain()"#)
            try await pair.admin.startAgain()
print("T40", Date().timeIntervalSince1970, #"try await pair.admin.startAgain()"#)
            try await load.more(20)
print("T41", Date().timeIntervalSince1970, #"try await load.more(20)"#)
            for _ in 0..<10 {
                let seen = stream.events.count
                stream.cut()
                try await load.more(2)
print("T42", Date().timeIntervalSince1970, #"try await load.more(2)"#)
                try await eventually("the tab goes on", within: 30) { stream.events.count > seen }
            }
            try await load.end(within: 60)
print("T43", Date().timeIntervalSince1970, #"try await load.end(within: 60)"#)
            #expect(load.refused == [])
print("T44", Date().timeIntervalSince1970, #"#expect(load.refused == [])"#)
            try await stream.waitForOrders(load.accepted, within: 60)
print("T45", Date().timeIntervalSince1970, #"try await stream.waitForOrders(load.accepted, within: 60)"#)

            #expect(stream.orders.sorted() == load.accepted.sorted())
print("T46", Date().timeIntervalSince1970, #"#expect(stream.orders.sorted() == load.accepted.sorted())"#)
            try await expectLog(pair, session, equals: stream)
print("T47", Date().timeIntervalSince1970, #"try await expectLog(pair, session, equals: stream)"#)
            stream.close()
            try await pair.stop()
print("T48", Date().timeIntervalSince1970, #"try await pair.stop()"#)
        }

        @Test("a stream begins behind the cursor that it is given; one beyond the log is reset")
        func cursors() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host))
            let customer = try await pair.customer()
            let session = try await pair.session()
            let all = pair.stream(session, after: "0")
            try await all.connect()
print("T49", Date().timeIntervalSince1970, #"try await all.connect()"#)
            var placed: [Int] = []
            for _ in 0..<6 { placed.append(try await pair.order(customer)) }
            try await all.waitForOrders(placed)
print("T50", Date().timeIntervalSince1970, #"try await all.waitForOrders(placed)"#)
            let ids = all.events.filter { $0.orderID != nil }.map(\.id)

            for position in 0..<ids.count {
                let tab = pair.stream(session, after: ids[position])
                try await tab.connect()
print("T51", Date().timeIntervalSince1970, #"try await tab.connect()"#)
                try await tab.waitForOrders(placed[(position + 1)...])
print("T52", Date().timeIntervalSince1970, #"try await tab.waitForOrders(placed[(position + 1)...])"#)
                try await tab.event("onopen") { $0.event == "onopen" }
                #expect(tab.orders == Array(placed[(position + 1)...]))
print("T53", Date().timeIntervalSince1970, #"#expect(tab.orders == Array(placed[(position + 1)...]))"#)
                #expect(tab.events.first?.id == ids[position])
print("T54", Date().timeIntervalSince1970, #"#expect(tab.events.first?.id == ids[position])"#)
                #expect(tab.events.count == placed.count - position)
print("T55", Date().timeIntervalSince1970, #"#expect(tab.events.count == placed.count - position)"#)
                tab.close()
            }

            let lost = pair.stream(session, after: "999999")
            try await lost.connect()
print("T56", Date().timeIntervalSince1970, #"try await lost.connect()"#)
            try await lost.waitForOrders(placed)
print("T57", Date().timeIntervalSince1970, #"try await lost.waitForOrders(placed)"#)
            #expect(lost.events.prefix(2).map(\.event) == ["reset", "onopen"])
print("T58", Date().timeIntervalSince1970, #"#expect(lost.events.prefix(2).map(\.event) == ["reset", "onopen"])"#)
            #expect(lost.orders == placed)
print("T59", Date().timeIntervalSince1970, #"#expect(lost.orders == placed)"#)
            let next = try await pair.order(customer)
            for tab in [all, lost] {
                try await tab.waitForOrders([next])
print("T60", Date().timeIntervalSince1970, #"try await tab.waitForOrders([next])"#)
                #expect(tab.orders == placed + [next])
print("T61", Date().timeIntervalSince1970, #"#expect(tab.orders == placed + [next])"#)
                tab.close()
            }
            try await pair.stop()
print("T62", Date().timeIntervalSince1970, #"try await pair.stop()"#)
            try await broker.deleteVirtualHost(host)
print("T63", Date().timeIntervalSince1970, #"try await broker.deleteVirtualHost(host)"#)
        }

        // MARK: Helpers

        private func start(_ broker: RabbitMQBroker) async throws -> ServicePair {
            try await ServicePair.start(broker: broker.url(virtualHost: try await broker.makeVirtualHost()))
        }

        /// A tab that reads everything from the beginning sees what this one has collected.
        private func expectLog(
            _ pair: ServicePair, _ session: String, equals stream: EventStreamClient
        ) async throws {
            let log = pair.stream(session, after: "0")
            try await log.connect()
print("T64", Date().timeIntervalSince1970, #"try await log.connect()"#)
            try await log.waitForOrders(stream.orders)
print("T65", Date().timeIntervalSince1970, #"try await log.waitForOrders(stream.orders)"#)
            #expect(log.orders == stream.orders)
print("T66", Date().timeIntervalSince1970, #"#expect(log.orders == stream.orders)"#)
            let ids = stream.events.filter { $0.orderID != nil }.compactMap { Int($0.id) }
            #expect(log.events.filter { $0.orderID != nil }.compactMap { Int($0.id) } == ids)
print("T67", Date().timeIntervalSince1970, #"#expect(log.events.filter { $0.orderID != nil }.compactMap { Int($0.id) } == ids)"#)
            #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
print("T68", Date().timeIntervalSince1970, #"#expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })"#)
            log.close()
        }
    }
}
