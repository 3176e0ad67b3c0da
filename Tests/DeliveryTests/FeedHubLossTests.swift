import Delivery
import Testing

@Suite("A log that loses what was not read")
struct FeedHubLossTests {
    private let sequence = FeedSequence()
    private final class Received { var ids: [Int] = [] }

    private func event(_ id: Int) -> FeedEvent { FeedEvent(id: id, topic: .store(1), name: "", data: []) }

    private func makeHub(_ received: Received) -> FeedHub<String, Int> {
        FeedHub(sequence, encode: { $0.id }, deliver: { _, id in received.ids.append(id) })
    }

    /// What the log says behind the sequence's position; the hub takes it when the sequence is done, as a loop does.
    private func read(_ events: [FeedEvent], pruned: Int, to hub: FeedHub<String, Int>) -> [String] {
        var hasLost = false
        var passed: [LoggedEvent<Int>] = []
        _ = sequence.hint()
        _ = sequence.didRead(
            events, isComplete: true, pruned: pruned, pass: { _, events in passed += events.map { LoggedEvent($0) } },
            lose: { _ in hasLost = true })
        let lost = hasLost ? hub.lose() : []
        hub.dispatch(passed)
        return lost
    }

    @Test("ends who is live, once, and goes on behind the gap")
    func live() {
        let received = Received()
        let hub = makeHub(received)
        let subscription = hub.subscribe(.store(1), after: nil, "tab").subscription
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, FeedPage(head: 3, events: [], isComplete: true)) == .live)
        #expect(read([event(4)], pruned: 3, to: hub).isEmpty, "it has seen all that is gone")
        #expect(read([event(10)], pruned: 9, to: hub) == ["tab"])
        #expect(!hub.hasSubscriptions && subscription.isCancelled)
        #expect(received.ids == [4])
        #expect(sequence.position >= 9)
    }

    @Test("lets who is joining read on until its page is behind the gap")
    func joining() {
        let received = Received()
        let hub = makeHub(received)
        let subscription = hub.subscribe(.store(1), after: 2, "tab").subscription
        hub.willReadPage(subscription)
        let early = FeedPage(head: 3, events: [event(3)], isComplete: true)
        #expect(read([event(10)], pruned: 9, to: hub).isEmpty)
        #expect(hub.didReadPage(subscription, early) == .read, "between 3 and 9 there may have been more")
        hub.willReadPage(subscription)
        let late = FeedPage(head: 10, events: [event(10)], isComplete: true, pruned: 9)
        #expect(late.isLost(subscription.cursor ?? 0), "it learns of the gap before it is given the page")
        #expect(hub.didReadPage(subscription, late) == .live)
        #expect(received.ids == [3, 10])
    }
}
