import AMQP
import Testing

@testable import bench

@Suite struct SoakLedgerTests {
    private let ledger = SoakLedger(capacity: 4)
    private let lost = AMQPError(.connectionLost, "lost")

    /// A message that was published once, with this outcome.
    private func published(_ outcome: PublishOutcome, to destination: SoakLedger.Destination = .queue) throws -> Int {
        let id = try #require(ledger.begin())
        ledger.publishes(id)
        ledger.ended(id, outcome, destination)
        return id
    }

    @Test("a confirmed message that never comes is missing, an unknown one is not")
    func missing() throws {
        let first = try published(.confirmed)
        let second = try published(.confirmed)
        _ = try published(.unknown(lost))
        ledger.received(second, redelivered: false)
        #expect(ledger.missing == [first])
        #expect(ledger.totals.published == ledger.totals.outcomes)
    }

    @Test("a second delivery needs a reason: redelivered, published again, or a restart of the broker")
    func duplicates() throws {
        let redelivered = try published(.confirmed)
        ledger.received(redelivered, redelivered: false)
        ledger.received(redelivered, redelivered: true)
        let again = try published(.unknown(lost))
        ledger.publishes(again, again: true)
        ledger.received(again, redelivered: false)
        ledger.received(again, redelivered: false)
        let restarted = try published(.confirmed)
        ledger.received(restarted, redelivered: false)
        ledger.brokerStops()
        ledger.received(restarted, redelivered: false)
        #expect(ledger.violations == [])
        #expect(ledger.totals.duplicates == 3)

        ledger.received(restarted, redelivered: false)
        #expect(ledger.violationCount == 1)
    }

    @Test("what was returned or not sent must not arrive")
    func mustNotArrive() throws {
        let returned = try published(.refused(AMQPError(.publishReturned, "no queue")), to: .noQueue)
        #expect(ledger.violations == [])
        ledger.received(returned, redelivered: true)
        #expect(ledger.violationCount == 1)

        let notSent = try #require(ledger.begin())
        ledger.publishes(notSent)
        ledger.received(notSent, redelivered: true)
        #expect(ledger.violationCount == 1)
        ledger.notSent(notSent)
        #expect(ledger.violationCount == 2)
    }

    @Test("a message that has no queue to go to must not be confirmed, nor one returned that has")
    func wrongOutcomes() throws {
        _ = try published(.confirmed, to: .noQueue)
        #expect(ledger.violationCount == 1)
        _ = try published(.confirmed, to: .missingExchange)
        #expect(ledger.violationCount == 2)
        _ = try published(.refused(AMQPError(.publishReturned, "no queue")))
        #expect(ledger.violationCount == 3)
    }

    @Test("a body tells its number, and damage")
    func bodies() {
        for id in [0, 1, 255, 70_000] {
            var body = SoakMessage.body(id)
            #expect(SoakMessage.id(body) == id)
            body[body.count - 1] ^= 1
            #expect(SoakMessage.id(body) == nil)
        }
        #expect(SoakMessage.id([]) == nil)
    }

    @Test("the slope is what a minute adds")
    func slope() {
        let samples = (0..<10).map {
            SoakSample(minute: Double($0), descriptors: 0, threads: 0, resident: 100 + 7 * $0, heap: 5)
        }
        #expect(abs(samples.slope { $0.resident } - 7) < 0.001)
        #expect(samples.slope { $0.heap } == 0)
    }
}
