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
    private let reader: FeedReader
    private let counts: EventStreamMetrics
    private let log: Logger
    private let grown: @Sendable (Int) -> Void

    /// How often is looked what nobody told.
    package struct Polling: Sendable {
        /// At the log's end: another instance may have appended, and its hint may be lost.
        package var log = Duration.seconds(1)
        /// At sessions whose time is over.
        package var sessions = Duration.seconds(15)

        package init() {}
    }

    /// - Parameters:
    ///   - greets: whether a stream that is not a replay of something lost begins with the event `onopen`. Clients that
    ///     know no events but the log's do without.
    ///   - grown: told, on the writer's thread, of the log's youngest event after each commit that appended any: for those
    ///     on other instances.
    package init(
        _ loops: [EventLoop], database: Database, metrics: Metrics, log: Logger, polling: Polling = Polling(),
        greets: Bool = true, grown: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        let counts = EventStreamMetrics(metrics)
        self.counts = counts
        self.log = log
        self.grown = grown
        let sequence = FeedSequence(hubs: loops.count)
        let dispatchers = loops.enumerated().map { number, loop in
            FeedDispatcher(
                on: loop, sequence, number: number, database: database, counts: counts, interval: polling.sessions,
                greets: greets, log: log)
        }
        self.dispatchers = dispatchers
        reader = FeedReader(on: loops[0], database, sequence, dispatchers, counts, interval: polling.log)
    }

    /// What a commit appended, in the order of the log. Safe to call from any thread; the writer calls it after the commit.
    package func offer(_ events: [FeedEvent]) {
        reader.offer(events)
        if let last = events.last { grown(last.id) }
        for event in events {
            guard let order = event.newOrder else { continue }
            if let age = EventStreamMetrics.age(order) { counts.orderToLog.observe(age) }
            guard log.isEnabled(.debug) else { continue }
            log.debug(
                "event appended",
                ["order_id": .number(order.id), "event_id": .number(event.id), "trace_id": LogValue(order.traceID)])
        }
    }

    /// Another instance has appended, as far as `head` if that is known. Safe to call from any thread.
    package func hint(upTo head: Int?) { reader.hint(upTo: head) }

    /// Answers a request with the stream of `topic`, after `cursor` or from now on.
    /// - Parameter session: with its end, on whichever instance, the stream ends too.
    package func response(_ topic: FeedTopic, after cursor: Int?, session: SessionID?) -> Response {
        .eventStream { [self] writer in
            for dispatcher in dispatchers where dispatcher.loop === writer.loop {
                if dispatcher.open(topic, after: cursor, session: session, writer) { reader.startPolling() }
            }
        }
    }

    /// `Last-Event-ID`, or the query's `last_event_id`; the header wins.
    package static func cursor(of request: Request) throws -> Int? {
        let asked = try cursor(try request.query("last_event_id"), "last_event_id")
        guard let field = request.header("last-event-id") else { return asked }
        return try cursor(field, "Last-Event-ID")
    }

    private static func cursor(_ text: String?, _ name: String) throws(DeliveryError) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        guard let cursor = Int(decimal: text), cursor >= 0 else {
            throw .invalid(name, "must be a whole number, not negative")
        }
        return cursor
    }

    /// The heartbeat that all streams of a loop share.
    package static func heartbeat() -> SharedBytes {
        SharedBytes(Array("event: heartbeat\ndata: {\"at\":\"\(Timestamp.now)\"}\n\n".utf8))
    }
}

/// The octets of events.
enum StreamEvent {
    static func encode(_ event: FeedEvent) -> SharedBytes {
        var buffer = ByteBuffer(capacity: event.data.count + 64)
        event.data.withUnsafeBytes { data in
            // Names are ours and ids are numbers, so nothing in them can break a line.
            try? ServerSentEvent.encode(
                event: event.name.isEmpty ? nil : event.name, id: String(event.id), data: data, into: &buffer)
        }
        return SharedBytes(buffer.array)
    }

    static let reset = SharedBytes(Array("event: reset\ndata: {}\n\n".utf8))

    /// The id is where this stream stands: the log's end, or the cursor behind which the replay begins. (The log's end
    /// before a replay would make a reader that is cut off in between lose the rest.)
    static func opening(_ id: Int) -> SharedBytes {
        SharedBytes(Array("retry: 2000\nid: \(id)\nevent: onopen\ndata: \"connect\"\n\n".utf8))
    }

    /// Moves the reader's cursor and is no event (HTML, section 9.2.6: without data nothing is dispatched).
    static func place(_ id: Int) -> SharedBytes { SharedBytes(Array("id: \(id)\n\n".utf8)) }
}
