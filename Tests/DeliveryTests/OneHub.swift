import Delivery

/// A sequence with one hub, whose mail is handed over at once. Listeners are closures that get ids.
final class OneHub {
    typealias Hub = FeedHub<(Int) -> Void, Int>
    typealias Subscription = Hub.Subscription

    let sequence: FeedSequence
    private let hub: Hub

    init(position: Int = 0, mostJoining: Int = 1024, encode: @escaping (FeedEvent) -> Int = { $0.id }) {
        sequence = FeedSequence(position: position)
        hub = Hub(sequence, mostJoining: mostJoining, encode: encode) { $0($1) }
    }

    var position: Int { sequence.position }
    var hasSubscriptions: Bool {
        precondition(hub.hasSubscriptions == sequence.hasSubscriptions)
        return hub.hasSubscriptions
    }
    var subscriptionCount: Int { hub.subscriptionCount }
    var didDispatch: (FeedEvent, Int) -> Void {
        get { hub.didDispatch }
        set { hub.didDispatch = newValue }
    }

    func subscribe(_ topic: FeedTopic, after cursor: Int?, _ listener: @escaping (Int) -> Void) -> Subscription {
        hub.subscribe(topic, after: cursor, listener).subscription
    }

    func cancel(_ subscription: Subscription) { hub.cancel(subscription) }
    func rewind(_ subscription: Subscription) { hub.rewind(subscription) }
    func willReadPage(_ subscription: Subscription) { hub.willReadPage(subscription) }
    func didReadPage(_ subscription: Subscription, _ page: FeedPage) -> Hub.Next { hub.didReadPage(subscription, page) }

    /// - Returns: whether the log must be read.
    func offer(_ events: [FeedEvent]) -> Bool {
        var mail: [LoggedEvent<Int>] = []
        let position = sequence.offer(events) { _, events in mail += events.map { LoggedEvent($0) } }
        hub.dispatch(mail)
        return position != nil
    }

    func hint(upTo head: Int? = nil) -> Bool { sequence.hint(upTo: head) != nil }

    func didReadLog(_ events: [FeedEvent]?, isComplete: Bool) -> Bool {
        var mail: [LoggedEvent<Int>] = []
        let position = sequence.didRead(events, isComplete: isComplete) { _, events in
            mail += events.map { LoggedEvent($0) }
        }
        hub.dispatch(mail)
        return position != nil
    }
}
