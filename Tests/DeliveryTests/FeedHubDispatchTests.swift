import Delivery
import Testing

@Suite("What the hub says of what it dispatched, and what hints make it read")
struct FeedHubDispatchTests {
    private func event(_ id: Int, _ topic: FeedTopic = .store(1)) -> FeedEvent {
        FeedEvent(id: id, topic: topic, name: "", data: [])
    }

    /// Joins at 5.
    private func listen(_ hub: OneHub, _ topic: FeedTopic = .store(1)) -> OneHub.Subscription {
        let subscription = hub.subscribe(topic, after: 5) { _ in }
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, FeedPage(head: 5, events: [], isComplete: true)) == .live)
        return subscription
    }

    @Test("each event is told of once, with how many live listeners it had, also if there were none")
    func counts() {
        let hub = OneHub(position: 5)
        var told: [[Int]] = []
        hub.didDispatch = { event, count in told.append([event.id, count]) }
        _ = listen(hub)
        _ = listen(hub)
        let joining = hub.subscribe(.store(1), after: 5) { _ in }
        hub.willReadPage(joining)
        #expect(!hub.offer([event(6), event(7, .sessions)]))
        #expect(hub.hint())
        #expect(!hub.didReadLog([event(7, .sessions), event(8)], isComplete: true))
        #expect(told == [[6, 2], [7, 0], [8, 2]])
    }

    @Test("a listener may be cancelled by what is told")
    func cancelling() {
        let hub = OneHub(position: 5)
        let subscription = listen(hub)
        var told = 0
        hub.didDispatch = { [unowned hub] event, count in
            told += count
            hub.cancel(subscription)
        }
        #expect(!hub.offer([event(6), event(7)]))
        #expect(told == 1)
        #expect(!hub.hasSubscriptions && hub.position == 7)
    }

    @Test("a hint of what was dispatched already makes nobody read")
    func knownHead() {
        let hub = OneHub(position: 5)
        _ = listen(hub)
        #expect(!hub.hint(upTo: 5) && !hub.hint(upTo: 4))
        #expect(hub.hint(upTo: 6))
        #expect(!hub.hint(upTo: 7), "a read is under way")
        #expect(hub.didReadLog([event(6)], isComplete: true), "and another one follows")
        #expect(!hub.didReadLog([event(7)], isComplete: true))
        #expect(hub.hint(upTo: nil))
    }
}
