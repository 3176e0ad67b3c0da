import Delivery
import Testing

@testable import Messaging

@Suite("What becomes of a delivery")
struct DeliveryPolicyTests {
    @Test("a message that keeps failing waits 1 s, 5 s and 25 s, and is dead at the fourth attempt")
    func troubled() {
        var transcript: [String] = []
        for attempt in 1...4 {
            switch DeliveryPolicy.decide(.troubled("why"), attempts: attempt, retries: MessageSource.orders.retries) {
            case .settle: transcript.append("settled")
            case .retry(let queue, let attempts, let reason):
                transcript.append("\(attempts) \(queue.name) \(queue.delay) \(reason)")
            case .dead(let attempts, let reason): transcript.append("\(attempts) dead \(reason)")
            }
        }
        #expect(
            transcript == [
                "1 delivery.retry.1s 1.0 seconds why", "2 delivery.retry.5s 5.0 seconds why",
                "3 delivery.retry.25s 25.0 seconds why", "4 dead why",
            ])
    }

    @Test("what can never work is dead at once, what worked is settled, whatever was tried before", arguments: 1...5)
    func decided(attempts: Int) {
        #expect(DeliveryPolicy.decide(.settled, attempts: attempts, retries: []) == .settle)
        #expect(
            DeliveryPolicy.decide(.hopeless("no JSON"), attempts: attempts, retries: [])
                == .dead(attempts: attempts, reason: "no JSON"))
    }

    @Test("a sixth attempt at a message whose attempts never ended is not begun")
    func neverEnding() {
        for attempt in 1...5 { #expect(DeliveryPolicy.refuse(attempts: attempt) == nil) }
        guard case .dead(5, let reason)? = DeliveryPolicy.refuse(attempts: 6) else {
            Issue.record("it is tried for ever")
            return
        }
        #expect(reason.contains("5 times"))
    }
}

@Suite("The order of work")
struct WorkPlanTests {
    @Test("first deliveries share a commit")
    func first() {
        let plan = WorkPlan([.first, .first, .first])
        #expect(plan.steps == [.together(0..<3)])
        #expect(plan.suspects == [])
        #expect(WorkPlan([]).steps == [])
    }

    @Test("redelivered ones are alone, in their place among the others")
    func redelivered() {
        let plan = WorkPlan([.redelivered, .redelivered, .first, .first, .redelivered, .first])
        #expect(plan.steps == [.alone(0), .alone(1), .together(2..<4), .alone(4), .together(5..<6)])
    }

    @Test("what was in work when a process died comes after all others, and parts no commit in two")
    func suspects() {
        let plan = WorkPlan([.suspect, .redelivered, .first, .suspect, .first])
        #expect(plan.steps == [.alone(1), .together(2..<3), .together(4..<5)])
        #expect(plan.suspects == [0, 3])
    }
}
