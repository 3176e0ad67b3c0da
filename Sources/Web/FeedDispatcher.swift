import Bytes
import Delivery
import EventLoop
import HTTP
import SQLite
import Service
import Synchronized

/// Joins the hub of one loop with the database and with the connections of that loop.
actor FeedDispatcher {
    /// A stream, and the session by which it lives.
    struct Listener {
        let writer: EventStreamWriter
        let session: StreamSessions<EventStreamWriter>.Session?
    }

    typealias Hub = FeedHub<Listener, SharedBytes>

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let database: Database
    private let counts: EventStreamMetrics
    private let log: Logger
    private let hub: Hub
    private var sessions = StreamSessions<EventStreamWriter>()
    private let greets: Bool
    /// Between two looks at sessions whose time is over.
    private let interval: Duration
    private var looksAtSessions = false
    /// What the sequence passed and the loop has not seen yet: handed over here, and not as the loop's work, so that its
    /// order is that of the sequence, whichever thread passes.
    private nonisolated let mail = Lock(Mail())

    private struct Mail: Sendable {
        var events: [LoggedEvent<SharedBytes>] = []
        var hasLost = false

        var isEmpty: Bool { events.isEmpty && !hasLost }
    }

    private static let pageSize = 200
    private static let mostSessions = 500

    /// - Parameters:
    ///   - number: that of its hub in the sequence.
    init(
        on loop: EventLoop, _ sequence: FeedSequence, number: Int, database: Database, counts: EventStreamMetrics,
        interval: Duration, greets: Bool, log: Logger
    ) {
        self.loop = loop
        self.database = database
        self.counts = counts
        self.interval = interval
        self.greets = greets
        self.log = log
        let hub = Hub(sequence, number: number, encode: { StreamEvent.encode($0) }) { listener, payload in
            counts.sent.add()
            if !listener.writer.send(payload) { counts.cutOff.add() }
        }
        self.hub = hub
        hub.didDispatch = { [weak self] event, count in
            self?.assumeIsolated { $0.noteDispatched(event, to: count) }
        }
    }

    // MARK: - The log grows

    /// Takes what the sequence passes to this loop's hub. From any thread.
    nonisolated func take(_ events: [LoggedEvent<SharedBytes>]) {
        let isFirst = mail.withLock { mail in
            defer { mail.events += events }
            return mail.isEmpty
        }
        if isFirst { loop.execute { self.assumeIsolated { $0.dispatch() } } }
    }

    /// What the sequence passes next does not follow on what it passed before: that is gone from the log. From any thread.
    nonisolated func lose() {
        let isFirst = mail.withLock { mail in
            defer { mail.hasLost = true }
            return mail.isEmpty
        }
        if isFirst { loop.execute { self.assumeIsolated { $0.dispatch() } } }
    }

    private func dispatch() {
        let mail = mail.withLock { mail in
            let taken = mail
            mail = Mail()
            return taken
        }
        if mail.hasLost { endLost() }
        hub.dispatch(mail.events)
    }

    /// The process was behind for so long that what its streams have not seen is gone: they come back, and are told.
    private func endLost() {
        let lost = hub.lose()
        guard !lost.isEmpty else { return }
        log.warning("streams end since the log lost what they have not seen", ["streams": .number(lost.count)])
        for listener in lost {
            if let session = listener.session { sessions.remove(listener.writer, from: session) }
            listener.writer.close()
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
    /// - Returns: whether it is the only stream of the process.
    nonisolated func open(
        _ topic: FeedTopic, after cursor: Int?, session: SessionID?, _ writer: EventStreamWriter
    ) -> Bool {
        assumeIsolated { $0.start(topic, after: cursor, session, writer) }
    }

    private func start(
        _ topic: FeedTopic, after cursor: Int?, _ session: SessionID?, _ writer: EventStreamWriter
    ) -> Bool {
        let session = session.map { sessions.session($0) }
        let begun = hub.subscribe(topic, after: cursor, Listener(writer: writer, session: session))
        // It stays on the loop's thread, on which the stream ends too.
        nonisolated(unsafe) let subscription = begun.subscription
        counts.connected.add(1)
        // From here on the end of the session is seen when it is dispatched; one from before, when a page is read.
        if let session {
            sessions.add(writer, to: session)
            startLooking()
        }
        writer.onClose {
            self.assumeIsolated { $0.didEnd(subscription) }
        }
        Task(executorPreference: loop) { await self.replay(cursor, subscription, writer) }
        return begun.isFirst
    }

    private func didEnd(_ subscription: Hub.Subscription) {
        counts.connected.add(-1)
        if let listener = subscription.listener, let session = listener.session {
            sessions.remove(listener.writer, from: session)
        }
        hub.cancel(subscription)
    }

    private func end(_ writers: Set<EventStreamWriter>) {
        for writer in writers { writer.close() }
    }

    private func replay(_ cursor: Int?, _ subscription: Hub.Subscription, _ writer: EventStreamWriter) async {
        var replay = FeedReplay(after: cursor)
        while !subscription.isCancelled {
            hub.willReadPage(subscription)
            let page: FeedPage
            do {
                guard let read = try await read(subscription, after: replay.place(subscription.cursor))
                else { return }
                page = read
            } catch {
                log.warning("an event stream cannot be read from the log", ["error": LogValue("\(error)")])
                return writer.close()
            }
            if writer.isClosed { return }
            let opening = replay.opening(page)
            if replay.step(page, at: subscription.cursor) == .reset {
                writer.send(StreamEvent.reset)
                writer.send(StreamEvent.opening(0))
                hub.rewind(subscription)
                continue
            }
            if let opening, greets { writer.send(StreamEvent.opening(opening)) }
            if hub.didReadPage(subscription, page) == .read {
                await writer.drained()
            } else {
                if replay.mustMovePlace, let cursor = subscription.cursor { writer.send(StreamEvent.place(cursor)) }
                return
            }
        }
    }

    /// Reads a page, and in the same transaction whether the session still holds.
    /// - Returns: nil when it does not, or the stream is closed.
    private func read(_ subscription: Hub.Subscription, after cursor: Int?) async throws -> FeedPage? {
        let (topic, session) = (subscription.topic, subscription.listener?.session?.id)
        let (page, expiry) = try await database.read { db in
            let page = try Feed.page(topic, after: cursor, limit: Self.pageSize, in: db)
            return (page, try session.flatMap { try Accounts.expiry(of: $0, in: db) })
        }
        guard let session else { return page }
        end(sessions.update(session, expiry: expiry))
        return expiry == nil ? nil : page
    }

    // MARK: - Sessions

    /// A session expires without an event: those whose time is over are looked up now and then.
    private func startLooking() {
        guard !looksAtSessions else { return }
        looksAtSessions = true
        loop.schedule(after: interval) { [weak self] in
            self?.assumeIsolated { $0.look() }
        }
    }

    private func look() {
        looksAtSessions = false
        guard !sessions.isEmpty else { return }
        Task(executorPreference: loop) { await self.lookAtSessions() }
    }

    /// One that has been given more time meanwhile is found to hold.
    private func lookAtSessions() async {
        let due = sessions.due(at: .now, most: Self.mostSessions)
        if !due.isEmpty {
            let found = try? await database.read { db in try due.map { ($0, try Accounts.expiry(of: $0, in: db)) } }
            for (session, expiry) in found ?? [] { end(sessions.update(session, expiry: expiry)) }
        }
        startLooking()
    }
}
