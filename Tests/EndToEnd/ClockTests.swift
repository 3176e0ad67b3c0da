import Foundation
import Support
import Testing

extension EndToEnd {
    @Suite("A clock that is set back", .serialized)
    struct ClockTests {
        /// The services' own clock (libfaketime), an offset in seconds that a file holds. Timers use another clock, which
        /// no administrator can set.
        private struct Clock {
            let folder: TemporaryFolder

            init() throws {
                folder = try TemporaryFolder("clock")
                try set(0)
            }

            func set(_ offset: Int) throws { try folder.write(offset < 0 ? "\(offset)" : "+\(offset)", to: "offset") }

            func environment() throws -> [String: String] {
                let folders = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib")
                let library = folders.map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
                    .first { FileManager.default.fileExists(atPath: $0) }
                guard let library else { throw SupportError("libfaketimeMT.so.1 is missing: apt-get install faketime") }
                return [
                    "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": folder.file("offset"), "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                ]
            }
        }

        private func order(_ client: HTTPTestClient, key: String) async throws -> (id: Int, at: String) {
            let reply = try await client.with(headers: ["Idempotency-Key": key]).post(
                "/api/user-order", json: ["store_id": 1, "store_menu_id_list": [1, 3]])
            let body = reply.json["body"]
            guard reply.status == 201, let id = body["id"].int, let at = body["ordered_at"].string else {
                throw SupportError("the order was not taken: \(reply.status) \(reply.text)")
            }
            return (id, at)
        }

        @Test("an hour back, nothing is lost, nothing waits for the clock, and nobody has to log in again")
        func back() async throws {
            let clock = try Clock()
            let broker = try await ownBroker.value
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(
                broker: broker.url(virtualHost: host), environment: try clock.environment())
            let customer = try await pair.customer()
            let session = try await pair.session()
            let stream = pair.stream(session, after: "0", reconnects: true)
            try await stream.connect()
            let first = try await order(customer, key: "first")
            try await stream.waitForOrders([first.id])

            // What waits in the outbox is dated into the future from here on, and its process is gone.
            try await broker.stop()
            let waiting = try await order(customer, key: "waiting")
            try await pair.api.kill()
            try clock.set(-3600)
            try await pair.api.startAgain()
            let earlier = try await order(customer, key: "earlier")
            #expect(earlier.at < first.at, "the clock was not set back")
            #expect(earlier.id > waiting.id)
            #expect(try await order(customer, key: "first").id == first.id)
            try await broker.startAgain()

            try await stream.waitForOrders([first.id, waiting.id, earlier.id], within: 20)
            let later = try await order(try await pair.customer(), key: "later")
            try await stream.waitForOrders([first.id, waiting.id, earlier.id, later.id], within: 20)
            #expect(Set(stream.orders).count == 4)
            // The session from before the change opens a stream that goes on behind the last event.
            stream.cut()
            let last = try await order(customer, key: "last")
            try await stream.waitForOrders([last.id])
            try await pair.waitUntilUp()

            for service in [pair.api, pair.admin] {
                let metrics = try await service.http.get("/metrics").text
                let negative = metrics.split(separator: "\n").filter { !$0.hasPrefix("#") && $0.contains(" -") }
                #expect(negative == [])
                #expect(!service.output.contains("\"level\":\"error\""))
            }
            stream.close()
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
            clock.folder.remove()
        }
    }
}
