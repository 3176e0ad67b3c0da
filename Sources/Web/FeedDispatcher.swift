import Bytes
import Delivery
import EventLoop
import HTTP
import SQLite
import Service

/// Joins the hub of one loop with the database and with the connections of that loop.
actor FeedDispatcher {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let database: Database
    private let counts: EventStreamMetrics
    private let log: Logger
    private let hub: FeedHub<SharedBytes>
    private var subscriptions: [EventStreamWriter: FeedHub<SharedBytes>.Subscription] = [:]
    private var sessions = StreamSessions<EventStreamWriter>()
    private let polling: EventStreams.Polling
    private let greets: Bool
    private var isPolling = false
    private var nextLookAtSessions = ContinuousClock.now

    private static let pageSize = 200
    private static let mostSessions = 500

    init(
        on loop: EventLoop, database: Database, counts: EventStreamMetrics, polling: EventStreams.Polling,
        greets: Bool, log: Logger
    ) {
        self.loop = loop
        self.database = database
        self.counts = counts
        self.polling = polling
        self.greets = greets
        self.log = log
        let hub = FeedHub { StreamEvent.encode($0) }
        self.hub = hub
        hub.didDispatch = { [weak self] event, count in
            self?.assumeIsolated { $0.noteDispatched(event, to: count) }
        }
    }

    // MARK: - The log grows

    nonisolated func offer(_ events: [FeedEvent]) {
        loop.execute { self.assumeIsolated { $0.take(events) } }
    }

    private func take(_ events: [FeedEvent]) {
        if hub.offer(events) { readLog() }
    }

    nonisolated func hint(upTo head: Int?) {
        loop.execute { self.assumeIsolated { $0.lookBehind(head) } }
    }

    private func lookBehind(_ head: Int?) {
        if hub.hint(upTo: head) { readLog() }
    }

    private func readLog() {
        Task(executorPreference: loop) { await self.catchUp() }
    }

    private func catchUp() async {
        while true {
            let position = hub.position
            let limit = 500
            let events = try? await database.read { db in try Feed.events(after: position, limit: limit, in: db) }
            guard hub.didReadLog(events, isComplete: events.map { $0.count < limit } ?? true) else { return }
        }
    }

    private func noteDispatched(_ event: FeedEvent, to count: Int) {
        if let order = event.newOrder, count > 0 {
            if let age = EventStreamMetrics.age(order) { counts.orderToPush.observe(age, count: count) }
            guard log.isEnabled(.debug) else { return }
            log.debug(
                "event pushed",
                [
                    "order_id": .number(order.id), "event_id": .number(event.id), "streams": .number(count),
                    "trace_id": LogValue(order.traceID),
                ])
        } else if let session = event.endedSession {
            end(sessions.update(session, expiry: nil))
        }
    }

    // MARK: - One stream

    /// On the loop.
    nonisolated func open(_ topic: FeedTopic, after cursor: Int?, session: SessionID?, _ writer: EventStreamWriter) {
        assumeIsolated { $0.start(topic, after: cursor, session, writer) }
    }

    private func start(_ topic: FeedTopic, after cursor: Int?, _ session: SessionID?, _ writer: EventStreamWriter) {
        let counts = self.counts
        let subscription = hub.subscribe(topic, after: cursor) { payload in
            counts.sent.add()
            if !writer.send(payload) { counts.cutOff.add() }
        }
        counts.connected.add(1)
        subscriptions[writer] = subscription
        // From here on the end of the session is seen when it is dispatched; one from before, when a page is read.
        if let session { sessions.add(writer, of: session) }
        writer.onClose { [weak self] in
            counts.connected.add(-1)
            self?.assumeIsolated { $0.didEnd(writer) }
        }
        Task(executorPreference: loop) { await self.replay(cursor, writer) }
        startPolling()
    }

    private func didEnd(_ writer: EventStreamWriter) {
        sessions.remove(writer)
        if let subscription = subscriptions.removeValue(forKey: writer) { hub.cancel(subscription) }
    }

    private func end(_ writers: Set<EventStreamWriter>) {
        for writer in writers { writer.close() }
    }

    private func replay(_ cursor: Int?, _ writer: EventStreamWriter) async {
        var isFirst = true
        // What is gone up to here, the reader has been told.
        var knownPruned = 0
        while let subscription = subscriptions[writer] {
            hub.willReadPage(subscription)
            let page: FeedPage
            do {
                guard let read = try await read(subscription, after: isFirst ? cursor : subscription.cursor, writer)
                else { return }
                page = read
            } catch {
                log.warning("an event stream cannot be read from the log", ["error": LogValue("\(error)")])
                return writer.close()
            }
            if writer.isClosed { return }
            if let place = isFirst ? cursor : subscription.cursor, page.pruned > knownPruned || isFirst,
                page.isLost(place)
            {
                isFirst = false
                knownPruned = page.pruned
                writer.send(StreamEvent.reset)
                writer.send(StreamEvent.opening(0))
                hub.rewind(subscription)
                continue
            }
            if isFirst, greets { writer.send(StreamEvent.opening(cursor ?? page.head)) }
            isFirst = false
            if hub.didReadPage(subscription, page) == .read {
                await writer.drained()
            } else {
                // Its place may lie below what is gone until the next event comes: it must not be reset twice.
                if knownPruned > 0, let cursor = subscription.cursor { writer.send(StreamEvent.place(cursor)) }
                return
            }
        }
    }

    /// Reads a page, and in the same transaction whether the session still holds.
    /// - Returns: nil when it does not, or the stream is closed.
    private func read(
        _ subscription: FeedHub<SharedBytes>.Subscription, after cursor: Int?, _ writer: EventStreamWriter
    ) async throws -> FeedPage? {
        let (topic, session) = (subscription.topic, sessions.owner(of: writer))
        let (page, expiry) = try await database.read { db in
            let page = try Feed.page(topic, after: cursor, limit: Self.pageSize, in: db)
            return (page, try session.flatMap { try Accounts.expiry(of: $0, in: db) })
        }
        guard let session else { return page }
        end(sessions.update(session, expiry: expiry))
        return expiry == nil ? nil : page
    }

    // MARK: - Polling

    /// Another process may append too, and its hint may be lost: while somebody listens, the log's end is looked at now and
    /// then.
    private func startPolling() {
        guard !isPolling else { return }
        isPolling = true
        schedulePoll()
    }

    private func schedulePoll() {
        loop.schedule(after: polling.log) { [weak self] in
            self?.assumeIsolated { $0.poll() }
        }
    }

    private func poll() {
        guard hub.hasSubscriptions else {
            isPolling = false
            return
        }
        Task(executorPreference: loop) { await self.lookAtHead() }
    }

    private func lookAtHead() async {
        let head = try? await database.read { db in try Feed.head(in: db) }
        if let head, hub.hint(upTo: head) { await catchUp() }
        if ContinuousClock.now >= nextLookAtSessions {
            nextLookAtSessions = .now + polling.sessions
            await lookAtSessions()
        }
        schedulePoll()
    }

    /// A session expires without an event. One that has been given more time meanwhile is found to hold.
    private func lookAtSessions() async {
        let due = sessions.due(at: .now, most: Self.mostSessions)
        guard !due.isEmpty else { return }
        let found = try? await database.read { db in try due.map { ($0, try Accounts.expiry(of: $0, in: db)) } }
        for (session, expiry) in found ?? [] { end(sessions.update(session, expiry: expiry)) }
    }
}
