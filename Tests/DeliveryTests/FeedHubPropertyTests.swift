import Delivery
import Testing

@Suite("The hub in any order of things")
struct FeedHubPropertyTests {
    @Test(
        "every listener gets exactly the events of its topic after its cursor, in order, once",
        arguments: 0..<20)
    func anyInterleaving(part: Int) {
        for seed in part * 40..<(part + 1) * 40 {
            let simulation = HubSimulation(seed: seed)
            for _ in 0..<300 { simulation.step() }
            simulation.settle()
            simulation.check()
        }
    }
}

/// A log that grows, one to three hubs, and an owner that does what it is told, each thing at a random time: offers arrive late, in
/// another order or never, mail waits, reads see the log of some moment between their begin and their end, or fail.
private final class HubSimulation {
    private typealias Hub = FeedHub<Listener, Int>

    private final class Listener {
        enum Phase {
            case needsPage
            case reading(FeedPage?)
            case live
            case ended
        }

        let hub: Int
        let topic: FeedTopic
        let given: Int?
        var start: Int?
        var subscription: Hub.Subscription?
        var phase = Phase.needsPage
        var isFirstPage = true
        var received: [Int] = []
        var quitsAfter: Int?

        init(hub: Int, topic: FeedTopic, given: Int?) {
            self.hub = hub
            self.topic = topic
            self.given = given
            start = given
        }

        var isEnded: Bool {
            if case .ended = phase { true } else { false }
        }
    }

    private enum LogRead {
        case idle
        case begun(position: Int)
        case read([FeedEvent])
    }

    private let seed: Int
    private var random: SeededRandom
    private let sequence: FeedSequence
    private var hubs: [Hub] = []
    private var mail: [[LoggedEvent<Int>]]
    private var log: [FeedEvent] = []
    private var head = 0
    private var offers: [[FeedEvent]] = []
    private var hints = 0
    private var logRead = LogRead.idle
    private var listeners: [Listener] = []
    private let pageLimit: Int
    private let logLimit: Int

    init(seed: Int) {
        self.seed = seed
        random = SeededRandom(UInt64(seed) + 1)
        pageLimit = Int.random(in: 1...4, using: &random)
        logLimit = Int.random(in: 1...4, using: &random)
        let count = Int.random(in: 1...3, using: &random)
        sequence = FeedSequence(hubs: count)
        mail = Array(repeating: [], count: count)
        for number in 0..<count {
            hubs.append(
                Hub(sequence, number: number, mostJoining: Int.random(in: 1...4, using: &random)) {
                    $0.id
                } deliver: { [unowned self] listener, id in
                    listener.received.append(id)
                    if listener.received.count == listener.quitsAfter { cancel(listener) }
                })
        }
        // A log that is older than the hub.
        for _ in 0..<Int.random(in: 0...10, using: &random) { _ = append() }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func append() -> FeedEvent {
        // Now and then an id is missing.
        head += chance(3) ? 2 : 1
        let event = FeedEvent(id: head, topic: .store(Int.random(in: 1...3, using: &random)), name: "", data: [])
        log.append(event)
        return event
    }

    func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<15:
            let events = (0..<Int.random(in: 1...3, using: &random)).map { _ in append() }
            if chance(95) { offers.append(events) }
        case 15..<20:
            _ = append()
            if chance(50) { hints += 1 }
        case 20..<40: deliverOffer()
        case 40..<45: deliverHint()
        case 45..<50: deliverMail(of: Int.random(in: 0..<hubs.count, using: &random))
        case 50..<60: advanceLogRead(mayFail: true)
        case 60..<66: if listeners.filter({ !$0.isEnded }).count < 6 { subscribe() }
        case 66..<69: if let listener = listeners.randomElement(using: &random) { cancel(listener) }
        default: if let listener = listeners.randomElement(using: &random) { advance(listener) }
        }
    }

    private func subscribe() {
        let topic = FeedTopic.store(Int.random(in: 1...3, using: &random))
        let hub = Int.random(in: 0..<hubs.count, using: &random)
        let listener = Listener(
            hub: hub, topic: topic, given: chance(25) ? nil : Int.random(in: 0...head, using: &random))
        if chance(10) { listener.quitsAfter = Int.random(in: 1...4, using: &random) }
        listener.subscription = hubs[hub].subscribe(topic, after: listener.given, listener).subscription
        listeners.append(listener)
    }

    private func cancel(_ listener: Listener) {
        guard let subscription = listener.subscription, !listener.isEnded else { return }
        hubs[listener.hub].cancel(subscription)
        listener.phase = .ended
    }

    private func advance(_ listener: Listener) {
        guard let subscription = listener.subscription else { return }
        switch listener.phase {
        case .needsPage:
            hubs[listener.hub].willReadPage(subscription)
            listener.phase = .reading(nil)
        case .reading(nil):
            let cursor = listener.isFirstPage ? listener.given : subscription.cursor
            let events = log.filter { $0.topic == listener.topic && $0.id > cursor ?? head }.prefix(pageLimit)
            listener.phase = .reading(
                FeedPage(head: head, events: Array(events), isComplete: events.count < pageLimit))
        case .reading(let page?):
            if listener.isFirstPage { listener.start = listener.given ?? page.head }
            listener.isFirstPage = false
            switch hubs[listener.hub].didReadPage(subscription, page) {
            case .read: listener.phase = .needsPage
            case .live: listener.phase = .live
            case .cancelled: #expect(listener.isEnded, "seed \(seed)")
            }
        case .live, .ended: break
        }
    }

    private func beginLogRead(behind position: Int) {
        guard case .idle = logRead else {
            Issue.record("seed \(seed): the sequence asks for two reads at once")
            return
        }
        logRead = .begun(position: position)
    }

    private func deliverOffer() {
        guard !offers.isEmpty else { return }
        let index = chance(10) ? Int.random(in: 0..<offers.count, using: &random) : 0
        if let position = sequence.offer(offers.remove(at: index), pass: pass) { beginLogRead(behind: position) }
    }

    private func pass(_ hub: Int, _ events: ArraySlice<FeedEvent>) {
        mail[hub] += events.map { LoggedEvent($0) }
    }

    private func deliverMail(of hub: Int) {
        let events = mail[hub]
        mail[hub] = []
        hubs[hub].dispatch(events)
    }

    private func deliverHint() {
        guard hints > 0 else { return }
        hints -= 1
        if let position = sequence.hint() { beginLogRead(behind: position) }
    }

    private func advanceLogRead(mayFail: Bool) {
        switch logRead {
        case .idle: break
        case .begun(let position):
            logRead = .read(Array(log.filter { $0.id > position }.prefix(logLimit)))
        case .read(let events):
            logRead = .idle
            if mayFail, chance(10) {
                #expect(sequence.didRead(nil, isComplete: true, pass: pass) == nil)
            } else if let position = sequence.didRead(events, isComplete: events.count < logLimit, pass: pass) {
                beginLogRead(behind: position)
            }
        }
    }

    /// Everything under way comes to its end, and the owner looks at the log once more.
    func settle() {
        for _ in 0..<10_000 {
            if !offers.isEmpty { deliverOffer() }
            if hints > 0 { deliverHint() }
            advanceLogRead(mayFail: false)
            for hub in hubs.indices { deliverMail(of: hub) }
            for listener in listeners { advance(listener) }
            let isJoining = listeners.contains { listener in
                switch listener.phase {
                case .live, .ended: false
                default: true
                }
            }
            guard case .idle = logRead, !isJoining, offers.isEmpty, hints == 0 else { continue }
            guard mail.allSatisfy({ $0.isEmpty }) else { continue }
            if !sequence.hasSubscriptions || sequence.position >= head { return }
            hints += 1
        }
        Issue.record("seed \(seed): it never comes to rest")
    }

    func check() {
        for (index, listener) in listeners.enumerated() {
            guard let start = listener.start else {
                #expect(listener.received.isEmpty, "seed \(seed), listener \(index)")
                continue
            }
            let expected = log.filter { $0.topic == listener.topic && $0.id > start }.map(\.id)
            if listener.isEnded {
                #expect(expected.starts(with: listener.received), "seed \(seed), listener \(index)")
            } else {
                #expect(listener.received == expected, "seed \(seed), listener \(index)")
            }
        }
    }
}
