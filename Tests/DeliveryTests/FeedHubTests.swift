import Delivery
import Testing

@Suite("The hub")
struct FeedHubTests {
    /// What a listener got.
    final class Inbox {
        var ids: [Int] = []
    }

    private func event(_ id: Int, _ topic: FeedTopic = .store(1)) -> FeedEvent {
        FeedEvent(id: id, topic: topic, name: "", data: [])
    }

    private func page(_ head: Int, _ ids: [Int] = [], isComplete: Bool = true) -> FeedPage {
        FeedPage(head: head, events: ids.map { event($0) }, isComplete: isComplete)
    }

    private func listen(
        _ hub: OneHub, _ topic: FeedTopic = .store(1), after cursor: Int?
    ) -> (OneHub.Subscription, Inbox) {
        let inbox = Inbox()
        return (hub.subscribe(topic, after: cursor) { inbox.ids.append($0) }, inbox)
    }

    @Test("replay, then live, joined by id")
    func replayThenLive() {
        let hub = OneHub(position: 5)
        let (subscription, inbox) = listen(hub, after: 2)
        hub.willReadPage(subscription)
        #expect(!hub.offer([event(6)]))
        #expect(hub.didReadPage(subscription, page(6, [3, 4, 6])) == .live)
        #expect(!hub.offer([event(7)]))
        #expect(inbox.ids == [3, 4, 6, 7])
    }

    @Test("what is committed while a page is read comes after the page")
    func joining() {
        let hub = OneHub(position: 5)
        let (subscription, inbox) = listen(hub, after: 4)
        hub.willReadPage(subscription)
        #expect(!hub.offer([event(6)]))
        #expect(!hub.offer([event(7)]))
        #expect(hub.didReadPage(subscription, page(5, [5])) == .live)
        #expect(inbox.ids == [5, 6, 7])
    }

    @Test("a stream without a cursor starts where the log stands")
    func withoutCursor() {
        let hub = OneHub()
        let (subscription, inbox) = listen(hub, after: nil)
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, page(100)) == .live)
        #expect(!hub.offer([event(101)]))
        #expect(inbox.ids == [101])
    }

    @Test("an offer that does not follow on the last event makes the log be read instead")
    func gap() {
        let hub = OneHub(position: 5)
        let (subscription, inbox) = listen(hub, after: 5)
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, page(5)) == .live)
        #expect(hub.offer([event(7)]))
        #expect(inbox.ids.isEmpty)
        #expect(!hub.didReadLog([event(6), event(7)], isComplete: true))
        #expect(inbox.ids == [6, 7])
        #expect(!hub.offer([event(7)]), "it has been delivered already")
        #expect(inbox.ids == [6, 7])
    }

    @Test("hints during a read make one further read, however many they are")
    func hints() {
        let hub = OneHub(position: 5)
        let (subscription, inbox) = listen(hub, after: 5)
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, page(5)) == .live)
        #expect(hub.hint())
        for _ in 0..<3 { #expect(!hub.hint()) }
        #expect(hub.didReadLog([event(6)], isComplete: true))
        #expect(!hub.didReadLog([], isComplete: true))
        #expect(hub.hint())
        #expect(inbox.ids == [6])
    }

    @Test("a read that failed may be asked for again")
    func failedRead() {
        let hub = OneHub(position: 5)
        let (subscription, inbox) = listen(hub, after: 5)
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, page(5)) == .live)
        #expect(hub.hint())
        #expect(!hub.didReadLog(nil, isComplete: true))
        #expect(hub.hint())
        #expect(!hub.didReadLog([event(6)], isComplete: true))
        #expect(inbox.ids == [6])
    }

    @Test("with nobody listening nothing is read")
    func nobody() {
        let hub = OneHub(position: 5)
        #expect(!hub.hint())
        #expect(!hub.offer([event(9)]))
        #expect(hub.position == 9 && !hub.hasSubscriptions)
    }

    @Test("the first of many who join an old log spares the hub from reading it; the others still miss nothing")
    func oldLog() {
        let hub = OneHub()
        let (first, firstInbox) = listen(hub, after: 999)
        let (second, secondInbox) = listen(hub, .store(2), after: 1_000)
        hub.willReadPage(first)
        hub.willReadPage(second)
        // The second one's page was read before event 1001 of its topic, the first one's page after it.
        #expect(hub.didReadPage(first, page(1_001, [1_000])) == .live)
        #expect(hub.position == 1_001)
        #expect(hub.didReadPage(second, page(1_000)) == .read)
        hub.willReadPage(second)
        let again = FeedPage(head: 1_001, events: [event(1_001, .store(2))], isComplete: true)
        #expect(hub.didReadPage(second, again) == .live)
        #expect(!hub.offer([event(1_002, .store(2))]))
        #expect(firstInbox.ids == [1_000])
        #expect(secondInbox.ids == [1_001, 1_002])
    }

    @Test("after the last listener has left, what was said meanwhile is not read for the next one")
    func comingBack() {
        let hub = OneHub(position: 5)
        let (first, _) = listen(hub, after: 5)
        hub.willReadPage(first)
        #expect(hub.didReadPage(first, page(5)) == .live)
        hub.cancel(first)
        let (second, inbox) = listen(hub, after: 900)
        hub.willReadPage(second)
        #expect(hub.didReadPage(second, page(1_000, [950])) == .live)
        #expect(hub.position == 1_000)
        #expect(!hub.offer([event(1_001)]))
        #expect(inbox.ids == [950, 1_001])
    }

    @Test("a full join buffer goes back to the log and loses nothing")
    func overflow() {
        let hub = OneHub(mostJoining: 2)
        let (subscription, inbox) = listen(hub, after: 0)
        hub.willReadPage(subscription)
        #expect(!hub.offer((1...4).map { event($0) }))
        #expect(hub.didReadPage(subscription, page(0)) == .read)
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, page(4, [1, 2, 3, 4])) == .live)
        #expect(inbox.ids == [1, 2, 3, 4])
    }

    @Test("an event is encoded once for all who listen, and not at all for those who do not")
    func encoding() {
        var encoded: [Int] = []
        let hub = OneHub {
            encoded.append($0.id)
            return $0.id
        }
        let listeners = (0..<3).map { _ in listen(hub, after: 0) }
        for (subscription, _) in listeners {
            hub.willReadPage(subscription)
            #expect(hub.didReadPage(subscription, page(0)) == .live)
        }
        #expect(!hub.offer([event(1), event(2, .store(9))]))
        #expect(encoded == [1])
        #expect(listeners.allSatisfy { $0.1.ids == [1] })
    }

    @Test("who cancels while being told gets nothing more, and the others get everything")
    func cancelDuringDelivery() {
        let hub = OneHub()
        var subscription: OneHub.Subscription?
        var ids: [Int] = []
        let quitter = hub.subscribe(.store(1), after: 0) { id in
            ids.append(id)
            if let own = subscription { hub.cancel(own) }
        }
        subscription = quitter
        let (other, inbox) = listen(hub, after: 0)
        hub.willReadPage(quitter)
        #expect(hub.didReadPage(quitter, page(2, [1, 2])) == .cancelled)
        hub.willReadPage(other)
        #expect(hub.didReadPage(other, page(2, [1, 2])) == .live)
        #expect(!hub.offer([event(3)]))
        #expect(ids == [1] && inbox.ids == [1, 2, 3])
        #expect(hub.subscriptionCount == 1)
        hub.cancel(quitter)
        #expect(hub.subscriptionCount == 1)
    }

    @Test("a listener that holds its subscription is given up when it is cancelled")
    func noCycle() {
        final class Listener {
            var subscription: OneHub.Subscription?
        }
        let hub = OneHub()
        weak var gone: Listener?
        do {
            let listener = Listener()
            gone = listener
            let subscription = hub.subscribe(.store(1), after: 0) { _ in _ = listener.subscription }
            listener.subscription = subscription
            hub.cancel(subscription)
        }
        #expect(gone == nil)
    }

    @Test("a cursor beyond the log is set back to its beginning")
    func rewind() {
        let hub = OneHub()
        let (subscription, inbox) = listen(hub, after: 1_000)
        hub.rewind(subscription)
        hub.willReadPage(subscription)
        #expect(hub.didReadPage(subscription, page(2, [1, 2])) == .live)
        #expect(!hub.offer([event(3)]))
        #expect(inbox.ids == [1, 2, 3])
    }
}
