import AMQP
import AMQPWire
import Delivery
import EventLoop
import Failpoints
import SQLite
import Service

/// Takes messages from a durable queue and does its work on them.
///
/// All first deliveries that have arrived share one transaction, and are acknowledged together after its commit: success
/// means *committed*. A redelivered message may be what ended a process: it is worked on alone, after its attempt was
/// counted. What fails goes to a retry queue or to the dead letters and holds up nobody.
package actor QueueConsumer<Work: MessageWork> {
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let source: MessageSource
    private let broker: Broker
    private let prefetch: UInt16
    private let log: Logger
    private let metrics: ConsumerMetrics
    private let runner: WorkRunner<Work>
    private let forwarder: Forwarder
    private let begun = BegunWork()
    private var connection: AMQPConnection?
    private var consumer: AMQPConsumer?
    private var isWorking = false
    private var isStopping = false

    init(
        _ work: Work, of source: MessageSource, on loop: EventLoop, database: Database, broker: Broker,
        prefetch: UInt16, metrics: Metrics, log: Logger
    ) {
        self.source = source
        self.loop = loop
        self.broker = broker
        self.prefetch = prefetch
        self.log = log
        let metrics = ConsumerMetrics(metrics, source)
        self.metrics = metrics
        runner = WorkRunner(work, source, loop, database, metrics, log)
        forwarder = Forwarder(
            broker, source, on: loop, database: database, begun: begun, most: prefetch, metrics, log)
    }

    package var isConnected: Bool {
        get async { await connection?.state == .open }
    }

    // MARK: - Life

    /// Runs until `stop`.
    /// - Throws: `Program.StartError` when the broker refuses the very first connection.
    package func run() async throws {
        let connection = try await broker.connect("consumer\(source.suffix)", on: loop)
        self.connection = connection
        while !isStopping {
            do {
                try await consume(connection)
            } catch {
                if isStopping { break }
                log.warning(
                    "consuming was interrupted",
                    ["error": LogValue("\(error)"), "queue": LogValue(source.queue)])
            }
            consumer = nil
            if !isStopping { try? await loop.sleep(for: .milliseconds(500)) }
        }
    }

    /// Takes no more deliveries, lets the transaction at work be acknowledged, within `time`, and ends `run`. What is not
    /// acknowledged comes again.
    package func stop(within time: Duration) async {
        isStopping = true
        let deadline = ContinuousClock.now + time
        if let consumer {
            // A cancel waits for its answer whatever happens to its task; a broker that gives none must not hold up the end.
            let end = Once<Void>()
            Task(executorPreference: loop) {
                try? await consumer.cancel()
                end.finish(.success(()))
            }
            while !end.isFinished, ContinuousClock.now < deadline - time / 2 {
                try? await loop.sleep(for: .milliseconds(5))
            }
        }
        while isWorking, ContinuousClock.now < deadline { try? await loop.sleep(for: .milliseconds(5)) }
        await forwarder.stop(within: .milliseconds(300))
        await connection?.close()
    }

    private func consume(_ connection: AMQPConnection) async throws {
        let channel = try await connection.openChannel()
        do {
            try await broker.declare(on: channel, of: connection)
            let consumer = try await channel.consume(source.queue, prefetch: prefetch)
            self.consumer = consumer
            while !isStopping {
                var batch = try await consumer.nextBatch()
                guard !batch.isEmpty else { break }
                isWorking = true
                defer { isWorking = false }
                if let pause = runner.work.pause, batch.count < Int(prefetch) / 2 {
                    try await loop.sleep(for: Tick.next(every: pause))
                    if consumer.waiting > 0, !isStopping { batch += try await consumer.nextBatch() }
                }
                for start in stride(from: 0, to: batch.count, by: Self.largestCommit) {
                    // An ack of several would be for those that an end has left of the part before.
                    if isStopping { break }
                    try await work(Array(batch[start..<min(start + Self.largestCommit, batch.count)]), of: consumer)
                }
            }
        } catch {
            await channel.close()
            throw error
        }
        if !isStopping { await channel.close() }
    }

    // MARK: - Work

    /// Messages that share a commit: more would keep other writers waiting.
    private static var largestCommit: Int { 128 }
    /// A message that is, or may have been, in work when a process died waits so long for others that come behind it.
    private static var suspectPause: Duration { .milliseconds(100) }

    private func work(_ batch: [AMQPDelivery], of consumer: AMQPConsumer) async throws {
        var suspects = try await workOnAllButSuspects(batch, isFirst: true)
        guard !suspects.isEmpty else { return }
        try await loop.sleep(for: Self.suspectPause)
        if consumer.waiting > 0, !isStopping {
            suspects += try await workOnAllButSuspects(consumer.nextBatch(), isFirst: false)
        }
        for (index, suspect) in suspects.enumerated() {
            if isStopping { return }
            try await workAlone(suspect, next: index + 1 < suspects.count ? suspects[index + 1] : nil)
        }
    }

    /// A redelivered message, before its attempt is counted: its body is not read yet.
    private struct Redelivered {
        let delivery: AMQPDelivery
        let history: DeliveryHistory
    }

    /// - Parameter isFirst: nothing that was delivered before this batch is in work.
    /// - Returns: what may end the process.
    private func workOnAllButSuspects(_ batch: [AMQPDelivery], isFirst: Bool) async throws -> [Redelivered] {
        metrics.consumed.add(batch.count)
        guard batch.contains(where: \.redelivered) else {
            try await workTogether(batch[...], isAll: isFirst)
            return []
        }
        let redelivered = batch.map { delivery in
            delivery.redelivered
                ? Redelivered(
                    delivery: delivery, history: DeliveryHistory(delivery.properties, delivery.body, of: source)) : nil
        }
        let counts = try await runner.begun(redelivered.compactMap { $0?.history.key })
        let plan = WorkPlan(
            redelivered.map { message in
                guard let key = message?.history.key else { return .first }
                return counts[key] != nil && begun[key] == nil ? .suspect : .redelivered
            })
        for (index, step) in plan.steps.enumerated() {
            // What is not settled comes again.
            if isStopping { return [] }
            switch step {
            case .together(let range): try await workTogether(batch[range], isAll: false)
            case .alone(let place):
                guard let message = redelivered[place] else { continue }
                var next: Redelivered?
                if index + 1 < plan.steps.count, case .alone(let place) = plan.steps[index + 1] {
                    next = redelivered[place]
                }
                try await workAlone(message, next: next)
            }
        }
        return plan.suspects.compactMap { redelivered[$0] }
    }

    /// First deliveries: nothing is counted before the work, and one commit is for all.
    /// - Parameter isAll: everything that was delivered before is settled, or is with the forwarder.
    private func workTogether(_ deliveries: ArraySlice<AMQPDelivery>, isAll: Bool) async throws {
        let readings = deliveries.map { runner.work.read($0) }
        let outcomes = try await runner.run(readings)
        try Failpoint.reach("consumer.before-ack", ["queue": source.queue])
        // An ack of several is for all that came before, also for those that wait elsewhere.
        if isAll, !forwarder.isHolding, outcomes.allSatisfy({ $0 == .settled }), let last = deliveries.last {
            try await last.ack(multiple: true)
            return
        }
        for ((delivery, reading), outcome) in zip(zip(deliveries, readings), outcomes) {
            guard outcome != .settled else {
                try await delivery.ack()
                continue
            }
            let history = DeliveryHistory(delivery.properties, delivery.body, of: source)
            forwarder.take(
                Forwarder.Item(
                    delivery: delivery, decision: decide(outcome, attempts: history.attempts + 1),
                    firstSeen: history.firstSeen ?? .now, orderID: orderID(of: reading), attemptKey: nil))
        }
    }

    /// One redelivered message. Its attempt is counted, and committed, before its body is read.
    private func workAlone(_ message: Redelivered, next: Redelivered?) async throws {
        let (delivery, history) = (message.delivery, message.history)
        let attempt = try await begin(history.key)
        let attempts = history.attempts + attempt.count
        var (decision, orderID) = (DeliveryPolicy.refuse(attempts: attempts), Int?.none)
        if decision == nil {
            let reading = runner.work.read(delivery)
            orderID = self.orderID(of: reading)
            let nextKey = isStopping ? nil : next.flatMap { begun[$0.history.key] == nil ? $0.history.key : nil }
            let (outcome, counted) = try await runner.run(reading, key: history.key, next: nextKey)
            if let nextKey, let counted { note(nextKey, counted) }
            decision = decide(outcome, attempts: attempts)
        }
        guard let decision, decision != .settle else {
            begun.end(history.key)
            try Failpoint.reach("consumer.before-ack", ["queue": source.queue])
            try await delivery.ack()
            return
        }
        forwarder.take(
            Forwarder.Item(
                delivery: delivery, decision: decision, firstSeen: history.firstSeen ?? attempt.firstSeen,
                orderID: orderID, attemptKey: history.key))
    }

    private func decide(_ outcome: DeliveryPolicy.Outcome, attempts: Int) -> DeliveryPolicy.Decision {
        DeliveryPolicy.decide(outcome, attempts: attempts, retries: source.retries)
    }

    private func orderID(of reading: MessageReading<Work.Message>) -> Int? {
        reading.message.flatMap { runner.work.orderID(of: $0) }
    }

    private func begin(_ key: String) async throws -> DeliveryAttempt {
        // It was counted with the work on the one before, or this process has counted it and lives.
        if let counted = begun[key] { return counted }
        let attempt = try await runner.begin(key)
        note(key, attempt)
        return attempt
    }

    private func note(_ key: String, _ attempt: DeliveryAttempt) {
        metrics.attempts.add()
        begun.begin(key, attempt)
    }
}

/// How many messages a consumer may have in hand.
package enum Prefetch {
    package static let settings = [
        Setting("PREFETCH", fallback: "50", "how many unacknowledged messages the broker may send ahead, 1 to 1000")
    ]

    package static func read(_ environment: Environment) throws(SettingError) -> UInt16 {
        UInt16(try environment.number("PREFETCH", in: 1...1000) ?? 50)
    }
}
