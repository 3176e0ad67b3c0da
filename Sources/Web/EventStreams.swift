import Bytes
import Delivery
import EventLoop
import HTTP
import HTTPWire
import SQLite
import Service

/// The event streams of a service: the log's events as server-sent events, to whoever listens on any of its loops.
package final class EventStreams: Sendable {
    private let dispatchers: [FeedDispatcher]

    package init(_ loops: [EventLoop], database: Database, metrics: Metrics, log: Logger) {
        let counts = EventStreamMetrics(metrics)
        dispatchers = loops.map { FeedDispatcher(on: $0, database: database, counts: counts, log: log) }
    }

    /// What a commit appended, in the order of the log. Safe to call from any thread; the writer calls it after the commit.
    package func offer(_ events: [FeedEvent]) {
        for dispatcher in dispatchers { dispatcher.offer(events) }
    }

    /// Answers a request with the stream of `topic`, after `cursor` or from now on.
    /// - Parameter session: with its end the stream ends too.
    package func response(_ topic: FeedTopic, after cursor: Int?, session: String?) -> Response {
        .eventStream { [self] writer in
            for dispatcher in dispatchers where dispatcher.loop === writer.loop {
                dispatcher.open(topic, after: cursor, session: session, writer)
            }
        }
    }

    /// Ends the streams of a session that was logged out.
    package func end(session: String) {
        for dispatcher in dispatchers { dispatcher.end(session: session) }
    }

    /// `Last-Event-ID`, or the query's `last_event_id`; the header wins.
    package static func cursor(of request: Request) throws -> Int? {
        let field = request.header("last-event-id")
        guard let text = try field ?? request.query("last_event_id"), !text.isEmpty else { return nil }
        guard let cursor = Int(decimal: text), cursor >= 0 else {
            throw DeliveryError.invalid(
                field == nil ? "last_event_id" : "Last-Event-ID", "must be a whole number, not negative")
        }
        return cursor
    }

    /// The heartbeat that all streams of a loop share.
    package static func heartbeat() -> SharedBytes {
        SharedBytes(Array("event: heartbeat\ndata: {\"at\":\"\(Timestamp.now)\"}\n\n".utf8))
    }
}

final class EventStreamMetrics: Sendable {
    let connected: Gauge
    let sent: Counter
    let cutOff: Counter

    init(_ metrics: Metrics) {
        connected = metrics.gauge("sse_streams_connected", help: "Event streams that are open.")
        sent = metrics.counter("sse_events_sent_total", help: "Events handed to event streams.")
        cutOff = metrics.counter("sse_streams_cut_off_total", help: "Event streams ended because nobody read them.")
    }
}

/// Joins the hub of one loop with the database and with the connections of that loop.
actor FeedDispatcher {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let database: Database
    private let counts: EventStreamMetrics
    private let log: Logger
    private let hub: FeedHub<SharedBytes>
    private var subscriptions: [EventStreamWriter: FeedHub<SharedBytes>.Subscription] = [:]
    private var sessions: [EventStreamWriter: String] = [:]
    private var isPolling = false

    private static let pageSize = 200
    private static let pollInterval = Duration.seconds(1)

    init(on loop: EventLoop, database: Database, counts: EventStreamMetrics, log: Logger) {
        self.loop = loop
        self.database = database
        self.counts = counts
        self.log = log
        hub = FeedHub { SharedBytes(Self.encode($0)) }
    }

    private static func encode(_ event: FeedEvent) -> [UInt8] {
        var buffer = ByteBuffer(capacity: event.data.count + 64)
        event.data.withUnsafeBytes { data in
            // Names are ours and ids are numbers, so nothing in them can break a line.
            try? ServerSentEvent.encode(
                event: event.name.isEmpty ? nil : event.name, id: String(event.id), data: data, into: &buffer)
        }
        return buffer.array
    }

    nonisolated func offer(_ events: [FeedEvent]) {
        loop.execute { self.assumeIsolated { $0.take(events) } }
    }

    private func take(_ events: [FeedEvent]) {
        if hub.offer(events) { readLog() }
    }

    // MARK: - One stream

    /// On the loop.
    nonisolated func open(_ topic: FeedTopic, after cursor: Int?, session: String?, _ writer: EventStreamWriter) {
        assumeIsolated { dispatcher in
            dispatcher.sessions[writer] = session
            dispatcher.start(topic, after: cursor, writer)
        }
    }

    nonisolated func end(session: String) {
        loop.execute {
            self.assumeIsolated { dispatcher in
                for (writer, owner) in dispatcher.sessions where owner == session { writer.close() }
            }
        }
    }

    private func start(_ topic: FeedTopic, after cursor: Int?, _ writer: EventStreamWriter) {
        let counts = self.counts
        let subscription = hub.subscribe(topic, after: cursor) { payload in
            counts.sent.add()
            if !writer.send(payload) { counts.cutOff.add() }
        }
        counts.connected.add(1)
        subscriptions[writer] = subscription
        writer.onClose { [weak self] in
            counts.connected.add(-1)
            self?.assumeIsolated { $0.end(writer) }
        }
        Task(executorPreference: loop) { await self.replay(cursor, writer) }
        startPolling()
    }

    private func end(_ writer: EventStreamWriter) {
        sessions[writer] = nil
        if let subscription = subscriptions.removeValue(forKey: writer) { hub.cancel(subscription) }
    }

    private func replay(_ cursor: Int?, _ writer: EventStreamWriter) async {
        var isFirst = true
        while let subscription = subscriptions[writer] {
            hub.willReadPage(subscription)
            let page: FeedPage
            do {
                page = try await read(subscription.topic, after: isFirst ? cursor : subscription.cursor)
            } catch {
                log.warning("an event stream cannot be read from the log", ["error": LogValue("\(error)")])
                return writer.close()
            }
            if writer.isClosed { return }
            if isFirst {
                isFirst = false
                if let cursor, cursor > page.head {
                    // A restored or emptied database: nothing that the page knows holds any more.
                    writer.send(Self.reset)
                    writer.send(Self.opening(0))
                    hub.rewind(subscription)
                    continue
                }
                writer.send(Self.opening(cursor ?? page.head))
            }
            guard hub.didReadPage(subscription, page) == .read else { return }
            await writer.drained()
        }
    }

    private func read(_ topic: FeedTopic, after cursor: Int?) async throws -> FeedPage {
        try await database.read { db in try Feed.page(topic, after: cursor, limit: Self.pageSize, in: db) }
    }

    private static let reset = SharedBytes(Array("event: reset\ndata: {}\n\n".utf8))

    /// The id is where this stream stands: the log's end, or the cursor behind which the replay begins. (The log's end
    /// before a replay would make a reader that is cut off in between lose the rest.)
    private static func opening(_ id: Int) -> SharedBytes {
        SharedBytes(Array("retry: 2000\nid: \(id)\nevent: onopen\ndata: \"connect\"\n\n".utf8))
    }

    // MARK: - The log

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

    /// Another process may append too, and tells nobody: while somebody listens, the log's end is looked at now and then.
    private func startPolling() {
        guard !isPolling else { return }
        isPolling = true
        schedulePoll()
    }

    private func schedulePoll() {
        loop.schedule(after: Self.pollInterval) { [weak self] in
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
        if let head, head > hub.position, hub.hint() { await catchUp() }
        schedulePoll()
    }
}
