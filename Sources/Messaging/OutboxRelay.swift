import AMQP
import AMQPWire
import Delivery
import EventLoop
import SQLite
import Service
import Synchronization
import Synchronized

/// Publishes what stands in the outbox, and removes each row once the broker has confirmed its message.
///
/// A commit offers its rows directly; a sweep at the start and every few seconds finds what a crash left. A row goes out at
/// least once: the consumer knows what it has seen.
package actor OutboxRelay {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private static let mostKnown = 20_000
    /// What nobody waits for goes out together with what comes within this time.
    private static let pause = Duration.milliseconds(20)
    /// But as soon as so many messages wait.
    private static let mostDeferred = 200

    let database: Database
    let leases: OutboxLeases
    private let broker: Broker
    let log: Logger
    let metrics: RelayMetrics
    let removals: OutboxRemovals
    var queue = OutboxQueue(most: mostKnown)
    private var connection: AMQPConnection?
    private var channel: AMQPChannel?
    private var waiter: CheckedContinuation<Void, Never>?
    private var settling: [(message: OutboxMessage, pending: PendingPublish)] = []
    private var isSettling = false
    private var isPausing = false
    /// Since the topology was last declared because of one.
    private var refusals = 0
    var isStopping = false

    package init(
        on loop: EventLoop, database: Database, leases: OutboxLeases, broker: Broker, metrics: Metrics, log: Logger
    ) {
        self.loop = loop
        self.database = database
        self.leases = leases
        self.broker = broker
        self.log = log
        self.metrics = RelayMetrics(metrics)
        removals = OutboxRemovals(database, log)
    }

    package var isConnected: Bool {
        get async { await connection?.state == .open }
    }

    /// Takes a row that was just committed. From any thread; on the loop it costs no hop.
    package nonisolated func offer(_ entry: OutboxEntry) {
        if loop.isCurrent {
            assumeIsolated { $0.take(entry) }
        } else {
            loop.execute { self.assumeIsolated { $0.take(entry) } }
        }
    }

    private func take(_ entry: OutboxEntry) {
        queue.offer(entry)
        didFill()
    }

    /// Wakes the publisher for what goes out now, and sees to it that the rest goes out a little later.
    func didFill() {
        if queue.deferredCount >= Self.mostDeferred || isStopping { queue.isTimeForAll = true }
        if queue.ready > 0 { wake() }
        guard queue.deferredCount > 0, !queue.isTimeForAll, !isPausing else { return }
        isPausing = true
        loop.schedule(after: Tick.next(every: Self.pause)) { [weak self] in
            self?.assumeIsolated { $0.pauseEnded() }
        }
    }

    private func pauseEnded() {
        isPausing = false
        queue.isTimeForAll = true
        wake()
    }

    private func wake() {
        waiter?.resume()
        waiter = nil
    }

    // MARK: - Life

    /// Runs until `stop`.
    /// - Throws: `Program.StartError` when the broker refuses the very first connection.
    package func run() async throws {
        let connection = try await broker.connect("publisher", on: loop)
        self.connection = connection
        let removals = self.removals
        removals.removed = { [weak self] keys in self?.noteRemoved(keys) }
        await sweep()
        scheduleSweep()
        await takeOver()
        while !isStopping {
            do {
                let channel = try await connection.openChannel()
                self.channel = channel
                try await broker.declare(on: channel, of: connection)
                try await publish(on: channel)
            } catch {
                if isStopping { break }
                log.warning("the outbox waits", ["error": LogValue("\(error)"), "waiting": .number(queue.count)])
                try? await loop.sleep(for: .milliseconds(500))
            }
            // At the end the channel stays open for the confirms that are still to come.
            if isStopping { break }
            await channel?.close()
            channel = nil
        }
    }

    /// Lets what is on its way be confirmed, within `time`, and ends `run`.
    package func stop(within time: Duration) async {
        isStopping = true
        queue.isTimeForAll = true
        wake()
        let deadline = ContinuousClock.now + time
        while !settling.isEmpty || queue.count > 0 && channel != nil, ContinuousClock.now < deadline {
            try? await loop.sleep(for: .milliseconds(5))
        }
        let removals = self.removals
        try? await loop.withTimeout(.milliseconds(500), throwing: CancellationError()) { await removals.flush() }
        await connection?.close()
        // What is left in the outbox is another one's from here on, or the next one's.
        try? await loop.withTimeout(.milliseconds(500), throwing: CancellationError()) { [leases] in
            try await leases.end()
        }
    }

    // MARK: - Publishing

    private func publish(on channel: AMQPChannel) async throws {
        while true {
            guard let message = queue.next() else {
                if isStopping { return }
                queue.isTimeForAll = false
                if queue.hasOverflowed, await sweep() { continue }
                await waitForWork()
                continue
            }
            do {
                let pending = try await channel.publishing(
                    message.body, to: message.exchange, routingKey: message.routingKey,
                    properties: message.properties(from: broker.service), mandatory: message.isMandatory)
                settle(message, pending)
            } catch {
                queue.putBack(message)
                // The channel lives, and holds publishes whose confirms come when the broker reads again.
                guard error.code == .blocked else { throw error }
                if isStopping { return }
                log.warning("the outbox waits", ["error": LogValue("\(error)"), "waiting": .number(queue.count)])
            }
        }
    }

    /// The question is asked in the continuation's body: between a question and a suspension the answer may change.
    private func waitForWork() async {
        await withCheckedContinuation { continuation in
            if queue.ready > 0 || isStopping { continuation.resume() } else { waiter = continuation }
        }
    }

    /// One task waits for the oldest confirm and then takes all that have come with it: the broker confirms in the order of
    /// publishing, more or less, and several at once.
    private func settle(_ message: OutboxMessage, _ pending: PendingPublish) {
        settling.append((message, pending))
        guard !isSettling else { return }
        isSettling = true
        Task(executorPreference: loop) { await self.settleAll() }
    }

    private func settleAll() async {
        while !settling.isEmpty {
            _ = await settling[0].pending.outcome
            var settled = 0
            let now = Timestamp.now
            while settled < settling.count, let outcome = settling[settled].pending.current {
                didSettle(settling[settled].message, outcome, at: now)
                settled += 1
            }
            settling.removeFirst(settled)
        }
        isSettling = false
    }

    private func didSettle(_ message: OutboxMessage, _ outcome: PublishOutcome, at now: Timestamp) {
        switch outcome {
        case .confirmed:
            metrics.confirmed.add()
            // Not negative either when the clock was set back meanwhile.
            metrics.seconds.observe(Double(max(0, now.milliseconds - message.createdAt.milliseconds)) / 1000)
            if queue.didConfirm(message) { removals.add(message.key) }
            noteConfirmed(message)
        case .refused(let reason):
            metrics.refused.add()
            queue.setAside(message)
            recordFailure(message, "\(reason)")
        case .unknown:
            metrics.unknown.add()
            queue.putBack(message)
            didFill()
        }
    }

    private func noteConfirmed(_ message: OutboxMessage) {
        guard log.isEnabled(.debug) else { return }
        log.debug(
            "message confirmed",
            [
                "order_id": .number(message.key.order), "message_id": LogValue(message.messageID),
                "trace_id": LogValue(message.traceID),
            ])
    }

    private func recordFailure(_ message: OutboxMessage, _ reason: String) {
        let key = message.key
        try? database.writeLater { db in try Outbox.recordFailure(key, reason, in: db) }
        refusals += 1
        guard refusals == 1 else { return }
        log.warning(
            "the broker refused a message",
            ["order_id": .number(message.key.order), "type": LogValue(message.type), "reason": LogValue(reason)])
        Task(executorPreference: loop) { await self.declareAgain() }
    }

    /// A returned message means that its queue is gone: declaring it again mends that. Once for all that come meanwhile.
    private func declareAgain() async {
        try? await loop.sleep(for: .milliseconds(200))
        if let channel { try? await Broker.declareOrders(on: channel) }
        await sweep()
        try? await loop.sleep(for: .seconds(1))
        if refusals > 1 { log.warning("the broker refused messages", ["count": .number(refusals)]) }
        refusals = 0
    }

    private nonisolated func noteRemoved(_ keys: [OutboxKey]) {
        loop.execute { self.assumeIsolated { $0.didRemove(keys) } }
    }

    private func didRemove(_ keys: [OutboxKey]) {
        for key in keys { queue.didRemove(key) }
    }
}
