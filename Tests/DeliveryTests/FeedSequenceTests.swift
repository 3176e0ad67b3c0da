import Delivery
import Testing

@Suite("The sequence of several hubs")
struct FeedSequenceTests {
    private typealias Hub = FeedHub<Inbox, Int>

    private final class Inbox {
        var ids: [Int] = []
    }

    /// Two loops, whose mail waits until `deliver`.
    private final class Two {
        let sequence = FeedSequence(hubs: 2)
        let hubs: [Hub]
        let encoded = Inbox()
        var mail: [[LoggedEvent<Int>]] = [[], []]

        init() {
            hubs = (0..<2).map { [sequence, encoded] number in
                Hub(sequence, number: number) { event in
                    encoded.ids.append(event.id)
                    return event.id
                } deliver: {
                    $0.ids.append($1)
                }
            }
        }

        func pass() -> (Int, ArraySlice<FeedEvent>) -> Void {
            var events: [LoggedEvent<Int>] = []
            return { [self] hub, new in
                if events.isEmpty { events = new.map { LoggedEvent($0) } }
                mail[hub] += events
            }
        }

        func deliver() {
            for (hub, events) in zip(hubs, mail) { hub.dispatch(events) }
            mail = [[], []]
        }

        func join(_ hub: Int, _ topic: FeedTopic = .store(1), at head: Int = 0) -> (Hub.Subscription, Inbox) {
            let inbox = Inbox()
            let subscription = hubs[hub].subscribe(topic, after: head, inbox).subscription
            hubs[hub].willReadPage(subscription)
            #expect(hubs[hub].didReadPage(subscription, FeedPage(head: head, events: [], isComplete: true)) == .live)
            return (subscription, inbox)
        }
    }

    private func event(_ id: Int, _ topic: FeedTopic = .store(1)) -> FeedEvent {
        FeedEvent(id: id, topic: topic, name: "", data: [])
    }

    @Test("one read serves all hubs, and hints meanwhile make one further read for all")
    func oneRead() {
        let two = Two()
        let inboxes = [two.join(0).1, two.join(1).1]
        #expect(two.sequence.hint(upTo: 1) == 0)
        #expect(two.sequence.hint(upTo: 1) == nil)
        #expect(two.sequence.hint(upTo: 2) == nil)
        #expect(two.sequence.didRead([event(1)], isComplete: true, pass: two.pass()) == 1)
        #expect(two.sequence.didRead([event(2)], isComplete: true, pass: two.pass()) == nil)
        two.deliver()
        #expect(inboxes.map(\.ids) == [[1, 2], [1, 2]])
    }

    @Test("an event is encoded once for the listeners of all hubs")
    func encoding() {
        let two = Two()
        let inboxes = [two.join(0).1, two.join(0).1, two.join(1).1]
        #expect(two.sequence.offer([event(1), event(2, .store(9))], pass: two.pass()) == nil)
        two.deliver()
        #expect(inboxes.allSatisfy { $0.ids == [1] })
        #expect(two.encoded.ids == [1])
    }

    @Test("a hub without listeners gets nothing")
    func nobody() {
        let two = Two()
        let (subscription, inbox) = two.join(1)
        #expect(two.sequence.offer([event(1)], pass: two.pass()) == nil)
        #expect(two.mail.map(\.count) == [0, 1])
        two.deliver()
        two.hubs[1].cancel(subscription)
        #expect(two.sequence.offer([event(2)], pass: two.pass()) == nil)
        #expect(two.mail.allSatisfy { $0.isEmpty } && two.sequence.position == 2)
        #expect(inbox.ids == [1])
    }

    @Test("what the first listener of one hub leaves out, one who is joining at another hub reads")
    func leftOut() {
        let two = Two()
        let inbox = Inbox()
        let joining = two.hubs[1].subscribe(.store(1), after: 900, inbox).subscription
        two.hubs[1].willReadPage(joining)
        // Its page was read before event 1000 was committed, that of the other one after it.
        _ = two.join(0, .store(2), at: 1_000)
        #expect(two.sequence.position == 1_000)
        #expect(two.hubs[1].didReadPage(joining, FeedPage(head: 999, events: [], isComplete: true)) == .read)
        two.hubs[1].willReadPage(joining)
        #expect(
            two.hubs[1].didReadPage(joining, FeedPage(head: 1_000, events: [event(1_000)], isComplete: true)) == .live)
        #expect(inbox.ids == [1_000])
    }

    @Test("mail that is older than a listener's page is not told again")
    func lateMail() {
        let two = Two()
        _ = two.join(0)
        let inbox = Inbox()
        let late = two.hubs[1].subscribe(.store(1), after: 0, inbox).subscription
        #expect(two.sequence.offer([event(1), event(2)], pass: two.pass()) == nil)
        two.hubs[1].willReadPage(late)
        let page = FeedPage(head: 2, events: [event(1), event(2)], isComplete: true)
        #expect(two.hubs[1].didReadPage(late, page) == .live)
        two.deliver()
        #expect(two.sequence.offer([event(3)], pass: two.pass()) == nil)
        two.deliver()
        #expect(inbox.ids == [1, 2, 3])
    }
}
