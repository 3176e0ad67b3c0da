import Delivery
import SQLite
import Testing

@Suite("The payment gateway to try against")
struct SandboxTests {
    private func approve(
        _ fixture: Fixture, _ order: Int, _ amount: Int = 8000, declines: Bool = false, id: String = "p-1"
    ) async throws -> Sandbox.Answer {
        let request = try JSON.decode(
            Sandbox.Request.self,
            octets(#"{"order_id":\#(order),"amount":\#(amount),"currency":"KRW"}"#))
        return try await fixture.database.write { db in
            try Sandbox.approve(request, declines: declines, id: id, at: .now, in: db)
        }
    }

    private func cancel(_ fixture: Fixture, _ order: Int) async throws -> Sandbox.Payment {
        try await fixture.database.write { db in try Sandbox.cancel(order, at: .now, in: db) }
    }

    @Test("an approval that is asked for again is the same one, with another amount an error")
    func approval() async throws {
        let fixture = try await Fixture(demoData: false)
        let first = try await approve(fixture, 7)
        #expect(try await approve(fixture, 7, id: "p-2") == first)
        guard case .approved(let payment) = first else {
            Issue.record("not approved")
            return
        }
        #expect(payment.id == "p-1" && payment.approvals == 1)
        #expect(await refusal { try await approve(fixture, 7, 9000) }?.status == 422)
    }

    @Test("a cancellation that is asked for again gives back once, and what was cancelled stays so")
    func cancellation() async throws {
        let fixture = try await Fixture(demoData: false)
        _ = try await approve(fixture, 7)
        let cancelled = try await cancel(fixture, 7)
        #expect(cancelled.status == .cancelled && cancelled.cancels == 1)
        #expect(try await cancel(fixture, 7) == cancelled)
        guard case .refused = try await approve(fixture, 7) else {
            Issue.record("a cancelled payment was approved")
            return
        }
    }

    @Test("a cancellation that comes before its approval wins")
    func tombstone() async throws {
        let fixture = try await Fixture(demoData: false)
        let early = try await cancel(fixture, 7)
        #expect(early.id == nil && early.cancels == 0)
        guard case .refused(let payment) = try await approve(fixture, 7) else {
            Issue.record("approved after it was cancelled")
            return
        }
        #expect(payment.approvals == 0)
    }

    @Test("a declined order may try again")
    func declined() async throws {
        let fixture = try await Fixture(demoData: false)
        guard case .declined = try await approve(fixture, 7, declines: true),
            case .approved = try await approve(fixture, 7)
        else {
            Issue.record("declined for good")
            return
        }
    }

    @Test("settings change one by one, within bounds")
    func settings() async throws {
        let fixture = try await Fixture(demoData: false)
        func change(_ text: String) async throws -> Sandbox.Settings {
            let change = try JSON.decode(Sandbox.SettingsChange.self, octets(text))
            return try await fixture.database.write { db in try Sandbox.change(change, in: db) }
        }
        _ = try await change(#"{"latency_ms":1200}"#)
        let settings = try await change(#"{"failure_percent":60,"decline_percent":5}"#)
        #expect(settings.latency == 1200 && settings.failurePercent == 60 && settings.declinePercent == 5)
        for text in [#"{"latency_ms":-1}"#, #"{"latency_ms":60001}"#, #"{"failure_percent":101}"#] {
            #expect(await refusal { try await change(text) }?.status == 400)
        }
    }

    @Test(
        "a request that is none is refused",
        arguments: [
            #"{"order_id":0,"amount":1,"currency":"KRW"}"#, #"{"order_id":1,"amount":-1,"currency":"KRW"}"#,
            #"{"order_id":1,"amount":1,"currency":"USD"}"#,
        ])
    func requests(_ text: String) {
        #expect(throws: DeliveryError.self) { _ = try JSON.decode(Sandbox.Request.self, octets(text)) }
    }
}
