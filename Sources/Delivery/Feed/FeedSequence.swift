import Synchronized

/// What a process has handed of the log to its hubs: the same events in the same order to each, read once for all.
///
/// A machine without I/O that all loops and the writer's thread use: its owner reads the log when told to and reports what
/// was read. What the log says is the truth; an offer of just committed events is taken only when it follows directly on
/// the last one. `pass` is called under the lock, so that each hub gets what is passed in one order.
package final class FeedSequence: Sendable {
    private struct State {
        /// The youngest event that was passed or left out.
        var position: Int
        /// Up to here events were left out while subscriptions were joining, since nobody was live.
        var skipped = 0
        /// How many subscriptions each hub has.
        var subscriptions: [Int]
        var live = 0
        var isReading = false
        var mustReadAgain = false

        var hasSubscriptions: Bool { subscriptions.contains { $0 > 0 } }

        func pass(_ events: ArraySlice<FeedEvent>, _ pass: (Int, ArraySlice<FeedEvent>) -> Void) {
            for hub in subscriptions.indices where subscriptions[hub] > 0 { pass(hub, events) }
        }

        mutating func hint() -> Int? {
            if isReading {
                mustReadAgain = true
                return nil
            }
            isReading = true
            return position
        }
    }

    private let state: Lock<State>

    /// - Parameters:
    ///   - hubs: how many there are; each has its number.
    ///   - position: events up to here are known to everybody.
    package init(hubs: Int = 1, position: Int = 0) {
        state = Lock(State(position: position, subscriptions: Array(repeating: 0, count: hubs)))
    }

    /// The youngest event that was passed on.
    package var position: Int { state.withLock { $0.position } }
    package var hasSubscriptions: Bool { state.withLock { $0.hasSubscriptions } }

    // MARK: - The log grows

    /// Takes events that a commit of this process appended.
    /// - Parameter pass: hands them to a hub that has subscriptions.
    /// - Returns: the position behind which the owner must read the log instead, or nil.
    package func offer(_ events: [FeedEvent], pass: (_ hub: Int, ArraySlice<FeedEvent>) -> Void) -> Int? {
        state.withLock { state in
            guard let last = events.last, last.id > state.position else { return nil }
            guard state.hasSubscriptions else {
                state.position = last.id
                return nil
            }
            var expected = state.position + 1
            for event in events {
                guard event.id == expected else { return state.hint() }
                expected += 1
            }
            state.position = last.id
            state.pass(events[...], pass)
            return nil
        }
    }

    /// The log may have grown, as far as `head` if that is known. Hints while a read is under way make one further read.
    /// - Returns: the position behind which the owner must read the log, or nil.
    package func hint(upTo head: Int? = nil) -> Int? {
        state.withLock { state in
            guard state.hasSubscriptions, head.map({ $0 > state.position }) ?? true else { return nil }
            return state.hint()
        }
    }

    /// Takes what was read, of all topics. `events` nil: the read failed and is tried again later.
    /// - Parameters:
    ///   - pruned: events up to here may be gone, as of the same read.
    ///   - lose: told of each hub with subscriptions, before `pass`, when some that were not passed are gone.
    /// - Returns: the position behind which the owner must read on, or nil.
    package func didRead(
        _ events: [FeedEvent]?, isComplete: Bool, pruned: Int = 0,
        pass: (_ hub: Int, ArraySlice<FeedEvent>) -> Void, lose: (_ hub: Int) -> Void = { _ in }
    ) -> Int? {
        state.withLock { state in
            if pruned > state.position {
                state.position = pruned
                // Who is joining finds out by a page that reaches this far.
                state.skipped = max(state.skipped, pruned)
                for hub in state.subscriptions.indices where state.subscriptions[hub] > 0 { lose(hub) }
            }
            if let events {
                let new = events.drop { $0.id <= state.position }
                if let last = new.last {
                    state.position = last.id
                    state.pass(new, pass)
                }
            }
            let again = events != nil && (!isComplete || state.mustReadAgain) && state.hasSubscriptions
            state.mustReadAgain = false
            state.isReading = again
            return again ? state.position : nil
        }
    }

    // MARK: - Subscriptions of the hubs

    /// - Returns: whether it is the only one.
    func add(to hub: Int) -> Bool {
        state.withLock { state in
            let isFirst = !state.hasSubscriptions
            state.subscriptions[hub] += 1
            return isFirst
        }
    }

    func remove(from hub: Int, isLive: Bool) {
        state.withLock { state in
            state.subscriptions[hub] -= 1
            if isLive { state.live -= 1 }
        }
    }

    /// A subscription has all of its topic up to `head`, and all that was passed to its hub since before that was read.
    /// - Returns: whether it may go live; not if something younger than `head` was left out.
    ///
    /// Nobody who is live waits for what lies before the head that the first one found, so that is left out: it may be the
    /// whole log. Those who are joining find it in their pages.
    func goLive(at head: Int) -> Bool {
        state.withLock { state in
            guard head >= state.skipped else { return false }
            if state.live == 0, head > state.position {
                state.position = head
                state.skipped = head
            }
            state.live += 1
            return true
        }
    }
}

/// An event as all loops share it: encoded once, when the first of them has somebody who listens.
package final class LoggedEvent<Payload: Sendable>: Sendable {
    package let event: FeedEvent
    private let encoded = Lock<Payload?>(nil)

    package init(_ event: FeedEvent) { self.event = event }

    func payload(_ encode: (FeedEvent) -> Payload) -> Payload {
        encoded.withLock { encoded in
            if let encoded { return encoded }
            let payload = encode(event)
            encoded = payload
            return payload
        }
    }
}
