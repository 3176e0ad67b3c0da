import Foundation
import Service
import Testing

@Suite("Health")
struct HealthTests {
    @Test(
        "a service is as well as its parts allow",
        arguments: [
            ([], "UP", true), ([.up, .up], "UP", true), ([.up, .degraded], "DEGRADED", true),
            ([.degraded, .down], "DOWN", false), ([.down, .up], "DOWN", false),
        ] as [([Health.Status], String, Bool)])
    func status(parts: [Health.Status], status: String, isReady: Bool) async throws {
        let health = Health()
        for (index, part) in parts.enumerated() { health.add("part\(index)") { part } }
        let report = await health.report()
        #expect(report.isReady == isReady)
        let object = try JSONSerialization.jsonObject(with: Data(report.json))
        let json = try #require(object as? [String: String])
        #expect(json["status"] == status)
        #expect(json.count == parts.count + 1)
        for (index, part) in parts.enumerated() { #expect(json["part\(index)"] == part.rawValue) }
    }

    @Test("each report asks anew, and the names are in the order in which they were added")
    func asksAnew() async {
        let health = Health()
        let count = Metrics().gauge("count", help: "")
        health.add("database") {
            count.add(1)
            return count.current > 1 ? .up : .down
        }
        health.add("broker") { .degraded }
        #expect(await !health.report().isReady)
        let second = await health.report()
        #expect(
            String(decoding: second.json, as: UTF8.self)
                == #"{"status":"DEGRADED","database":"UP","broker":"DEGRADED"}"#)
    }

    @Test("a service that is ending is not ready, whatever its parts say")
    func ending() async {
        let health = Health()
        health.add("database") { .up }
        health.end()
        let report = await health.report()
        #expect(!report.isReady && report.status == .down)
        #expect(report.parts.map(\.status) == [.up])
    }
}
