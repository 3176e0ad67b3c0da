import AMQPWire
import EventLoop
import Synchronized

/// The deliveries of one queue, taken at the reader's pace: nothing is lost when it is slow, and what waits is bounded
/// by the prefetch and by the connection's `deliveryBufferOctets`.
///
/// It survives the loss of the connection: deliveries that were not taken then come again. The sequence ends when the
/// consumer, channel or connection is closed here, and throws when the broker ends it.
public final class AMQPConsumer: AsyncSequence, Sendable {
    public typealias Element = AMQPDelivery
    public typealias Failure = AMQPError

    let origin: AMQPDelivery.Origin
    private let throttle: ReadThrottle
    let number: Int
    private let state: Lock<State>

    private struct State {
        var queue: String
        var ready = Ring<AMQPDelivery>()
        var isEnded = false
        var failure: AMQPError?
        var readers: [Waiter<Void>] = []
    }

    init(channel: AMQPChannel, tag: String, number: Int, queue: String) {
        origin = AMQPDelivery.Origin(channel: channel, consumerTag: tag)
        throttle = channel.connection.throttle
        self.number = number
        state = Lock(State(queue: queue))
    }

    deinit {
        let left = discard()
        if left.count > 0 { taken(left.octets, left.count) }
    }

    /// The channel that it consumes on.
    public var channel: AMQPChannel { origin.channel }
    /// The consumer's name on its channel.
    public var tag: String { origin.consumerTag }

    /// The queue's name; the broker may have renamed one that it had named itself.
    public internal(set) var queue: String {
        get { state.withLock { $0.queue } }
        set { state.withLock { $0.queue = newValue } }
    }

    /// Deliveries that have arrived and were not taken.
    public var waiting: Int { state.withLock { $0.ready.count } }

    /// Tasks that wait for a delivery.
    package var readers: Int { state.withLock { $0.readers.count } }

    // MARK: Reading

    /// The next delivery; nil at the end.
    /// - Throws: why the broker ended the consumer, or `.cancelled`.
    public func next() async throws(AMQPError) -> AMQPDelivery? {
        while true {
            let (delivery, reader) = try state.withLock { state throws(AMQPError) -> (AMQPDelivery?, Waiter<Void>?) in
                if let delivery = state.ready.removeFirst() { return (delivery, nil) }
                return (nil, try Self.reader(&state))
            }
            if let delivery {
                taken(delivery.octets, 1)
                return delivery
            }
            guard let reader else { return nil }
            try await wait(reader)
        }
    }

    /// Everything that has arrived, up to `limit`, and at least one delivery; empty at the end. One
    /// `ack(multiple: true)` of the last settles all of them.
    /// - Throws: why the broker ended the consumer, or `.cancelled`.
    public func nextBatch(limit: Int = .max) async throws(AMQPError) -> [AMQPDelivery] {
        while true {
            let (batch, reader) = try state.withLock { state throws(AMQPError) -> ([AMQPDelivery], Waiter<Void>?) in
                let count = Swift.min(state.ready.count, Swift.max(1, limit))
                guard count > 0 else { return ([], try Self.reader(&state)) }
                var batch: [AMQPDelivery] = []
                batch.reserveCapacity(count)
                while batch.count < count, let delivery = state.ready.removeFirst() { batch.append(delivery) }
                return (batch, nil)
            }
            if !batch.isEmpty {
                taken(batch.reduce(0) { $0 + $1.octets }, batch.count)
                return batch
            }
            guard let reader else { return [] }
            try await wait(reader)
        }
    }

    /// A place to wait if nothing is there and more may come; nil at the end.
    private static func reader(_ state: inout State) throws(AMQPError) -> Waiter<Void>? {
        if let failure = state.failure { throw failure }
        if state.isEnded { return nil }
        let reader = Waiter<Void>()
        state.readers.append(reader)
        return reader
    }

    private func wait(_ reader: Waiter<Void>) async throws(AMQPError) {
        defer { state.withLock { $0.readers.removeAll { $0 === reader } } }
        try await reader.value()
    }

    private func taken(_ octets: Int, _ count: Int) {
        guard throttle.take(octets, count: count) else { return }
        let connection = channel.connection
        connection.loop.execute { connection.assumeIsolated { $0.resumeReading() } }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(consumer: self) }

    /// Reads a consumer; several iterators share its deliveries.
    public struct Iterator: AsyncIteratorProtocol {
        let consumer: AMQPConsumer

        public mutating func next() async throws(AMQPError) -> AMQPDelivery? { try await consumer.next() }

        public mutating func next(isolation: isolated (any Actor)?) async throws(AMQPError) -> AMQPDelivery? {
            try await consumer.next()
        }
    }

    /// Ends the consumer; deliveries that nobody took return to the queue, those that were taken can be settled still.
    public func cancel() async throws(AMQPError) { try await channel.connection.cancel(self) }

    // MARK: The connection's side

    var isFinished: Bool { state.withLock { $0.isEnded } }

    func push(_ delivery: AMQPDelivery) {
        var reader = state.withLock { state -> Waiter<Void>? in
            state.ready.append(delivery)
            return state.readers.isEmpty ? nil : state.readers.removeFirst()
        }
        // One that gave up meanwhile leaves the delivery to the next.
        while let current = reader, !current.succeed() {
            reader = state.withLock { $0.readers.isEmpty ? nil : $0.readers.removeFirst() }
        }
    }

    func finish(_ failure: AMQPError?) {
        let readers = state.withLock { state -> [Waiter<Void>] in
            guard !state.isEnded else { return [] }
            state.isEnded = true
            state.failure = failure
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.succeed() }
    }

    /// Drops what nobody took.
    func discard() -> (octets: Int, count: Int) {
        let dropped = drain()
        return (dropped.reduce(0) { $0 + $1.octets }, dropped.count)
    }

    /// Takes what nobody took.
    func drain() -> [AMQPDelivery] {
        state.withLock { state in
            var all: [AMQPDelivery] = []
            while let delivery = state.ready.removeFirst() { all.append(delivery) }
            return all
        }
    }
}
