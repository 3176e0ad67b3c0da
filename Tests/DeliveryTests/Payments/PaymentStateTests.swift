import Delivery
import Testing

@Suite("The states of a payment")
struct PaymentStateTests {
    @Test("each event leads where the table says, and nowhere else", arguments: PaymentState.allCases)
    func transitions(_ state: PaymentState) {
        let table: [PaymentState: [PaymentState.Event: PaymentState]] = [
            .waiting: [.begin: .approving, .approve: .approved, .end: .cancelWanted],
            .approving: [.begin: .approving, .approve: .approved, .decline: .declined, .end: .cancelWanted],
            .approved: [.end: .cancelWanted],
            .declined: [.begin: .approving, .approve: .approved, .wait: .waiting, .end: .cancelWanted],
            .cancelWanted: [.cancel: .cancelled],
            .cancelled: [:],
        ]
        for event in PaymentState.Event.allCases {
            #expect(state.after(event, wasSent: true) == table[state]?[event])
        }
    }

    @Test("what the gateway has never heard of is cancelled without it")
    func neverSent() {
        #expect(PaymentState.waiting.after(.end, wasSent: false) == .cancelled)
    }

    @Test("random sequences never lose a payment that may have been approved")
    func sequences() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var state = PaymentState.waiting
            var wasSent = false
            var hasEnded = false
            for _ in 0..<12 {
                guard let event = PaymentState.Event.allCases.randomElement(using: &generator),
                    let next = state.after(event, wasSent: wasSent)
                else { continue }
                wasSent = wasSent || event == .begin || event == .approve
                hasEnded = hasEnded || event == .end
                // Once it has ended it leads to a cancellation only, and only the gateway says that one was made.
                if hasEnded { #expect(next == .cancelWanted || next == .cancelled) }
                if next == .cancelled { #expect(event == .cancel || !wasSent) }
                state = next
            }
        }
    }

    @Test("the wait doubles up to its ceiling, and never by the same amount")
    func backoff() {
        #expect(PaymentBackoff.delay(attempts: 0, random: 0) == .milliseconds(500))
        #expect(PaymentBackoff.delay(attempts: 1, random: 0) == .milliseconds(500))
        #expect(PaymentBackoff.delay(attempts: 3, random: 0) == .seconds(2))
        #expect(PaymentBackoff.delay(attempts: 3, random: 1) == .milliseconds(1500))
        #expect(PaymentBackoff.delay(attempts: 9, random: 0) == .seconds(10))
        #expect(PaymentBackoff.delay(attempts: .max, random: 0) == .seconds(10))
    }
}
