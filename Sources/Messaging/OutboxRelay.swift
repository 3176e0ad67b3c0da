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
    private static let sweepInterval = Duration.seconds(5)
    /// A younger row may still be on its way from its commit to this queue.
    private static let sweepAge = Duration.seconds(2)
    private static let sweepPage = 1000
    /// How soon the rows of an instance that has gone are looked for.
    private static let takeOverInterval = Duration.milliseconds(500)

    private let database: Database
    private let leases: OutboxLeases
    private let broker: Broker
    private let log: Logger
    private let metrics: RelayMetrics
    private let removals: OutboxRemovals
    private var queue = OutboxQueue(most: mostKnown)
    private var connection: AMQPConnection?
    private var channel: AMQPChannel?
    private var waiter: CheckedContinuation<Void, Never>?
    private var settling: [(message: OutboxMessage, pending: PendingPublish)] = []
    private var isSettling = false
    /// Since the topology was last declared because of one.
    private var refusals = 0
    private var isStopping = false

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
    package nonisolated func offer(_ message: OutboxMessage) {
        if loop.isCurrent {
            assumeIsolated { $0.take(message) }
        } else {
            loop.execute { self.assumeIsolated { $0.take(message) } }
        }
    }

    private func take(_ message: OutboxMessage) {
        queue.offer(message)
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
        removals.removed = { [weak self] ids in self?.noteRemoved(ids) }
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
            if queue.count > 0 || isStopping { continuation.resume() } else { waiter = continuation }
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
            while settled < settling.count, let outcome = settling[settled].pending.current {
                didSettle(settling[settled].message, outcome)
                settled += 1
            }
            settling.removeFirst(settled)
        }
        isSettling = false
    }

    private func didSettle(_ message: OutboxMessage, _ outcome: PublishOutcome) {
        switch outcome {
        case .confirmed:
            metrics.confirmed.add()
            // Not negative either when the clock was set back meanwhile.
            metrics.seconds.observe(
                Double(max(0, Timestamp.now.milliseconds - message.createdAt.milliseconds)) / 1000)
            removals.add(message.id)
            noteConfirmed(message)
        case .refused(let reason):
            metrics.refused.add()
            queue.setAside(message.id)
            recordFailure(message, "\(reason)")
        case .unknown:
            metrics.unknown.add()
            queue.putBack(message)
            wake()
        }
    }

    private func noteConfirmed(_ message: OutboxMessage) {
        guard log.isEnabled(.debug) else { return }
        log.debug(
            "message confirmed",
            [
                "order_id": .number(message.orderID ?? 0), "message_id": LogValue(message.messageID),
                "trace_id": LogValue(message.traceID),
            ])
    }

    private func recordFailure(_ message: OutboxMessage, _ reason: String) {
        let id = message.id
        try? database.writeLater { db in try Outbox.recordFailure(id, reason, in: db) }
        refusals += 1
        guard refusals == 1 else { return }
        log.warning(
            "the broker refused a message", ["outbox_id": .number(message.id), "reason": LogValue(reason)])
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

    private nonisolated func noteRemoved(_ ids: [Int]) {
        loop.execute { self.assumeIsolated { $0.didRemove(ids) } }
    }

    private func didRemove(_ ids: [Int]) {
        for id in ids { queue.didRemove(id) }
    }

    // MARK: - Sweeping

    private func scheduleSweep() {
        loop.schedule(after: Self.sweepInterval) { [weak self] in
            guard let self else { return }
            Task(executorPreference: loop) { await self.sweepAgain() }
        }
    }

    private func sweepAgain() async {
        guard !isStopping else { return }
        await sweep(olderThan: Self.sweepAge)
        if let state = try? await database.read({ db in try Outbox.state(in: db) }) { metrics.show(state) }
        scheduleSweep()
    }

    // MARK: - Instances that are gone

    private func takeOver() async {
        guard !isStopping else { return }
        do {
            let taken = try await leases.takeOver()
            if !taken.isEmpty {
                metrics.takenOver.add(taken.count)
                log.info(
                    "took over the outbox of instances that are gone",
                    ["instances": LogValue(taken.map { "\($0)" }.joined(separator: ", "))])
                await sweep()
            }
            try await leases.releaseEmpty()
        } catch {
            log.debug("instances that are gone cannot be looked for", ["error": LogValue("\(error)")])
        }
        loop.schedule(after: Self.takeOverInterval) { [weak self] in
            guard let self else { return }
            Task(executorPreference: loop) { await self.takeOver() }
        }
    }

    /// - Parameter age: of the rows that are taken; nil takes every row. One that is dated into the future, since the clock
    ///   was set back, is taken always: it would wait until the clock has come there again.
    /// - Returns: whether it found something to publish.
    @discardableResult
    private func sweep(olderThan age: Duration? = nil) async -> Bool {
        guard let room = queue.beginSweep() else { return false }
        var found: [OutboxMessage] = []
        let now = Timestamp.now
        let youngest = age.map { now.adding(.zero - $0) } ?? now
        var isComplete = true
        do {
            for instance in leases.held where found.count < room {
                var after = 0
                isComplete = false
                while found.count < room, !isComplete {
                    let start = after
                    let page = try await database.read { db in
                        try Outbox.waiting(instance: instance, after: start, limit: Self.sweepPage, in: db)
                    }
                    found += page.filter { $0.createdAt <= youngest || $0.createdAt > now }
                    after = page.last?.id ?? after
                    isComplete = page.count < Self.sweepPage
                }
            }
        } catch {
            isComplete = true
            log.warning("the outbox cannot be read", ["error": LogValue("\(error)")])
        }
        queue.endSweep(found, isComplete: isComplete && found.count < room)
        if queue.count > 0 { wake() }
        return queue.count > 0
    }
}
