import Delivery
import EventLoop
import Failpoints
import HTTP
import HTTPWire
import SQLite
import Service

/// Sends what waits for customers' webhooks. Each instance of `store-admin` has one; they share the work by claims in the
/// database (see `Webhooks.Claim`).
package actor WebhookSender {
    package struct Bounds: Sendable {
        /// Requests at a time.
        package var calls = 32
        /// Requests at a time to one host, whoever asked for them. A customer gets one at a time.
        package var callsPerHost = 4
        /// For all of one request.
        package var timeout = Duration.seconds(10)
        /// Octets of an answer, which nobody reads.
        package var answer = 64 * 1024
        /// Requests for one customer before others get the place.
        package var burst = 20
        /// How often the database is asked when nobody says that something is new.
        package var interval = Duration.seconds(1)
        package var retries = WebhookRetries()

        package init() {}

        /// Longer than a request may take. Another instance takes over after that.
        var lease: Duration { timeout + .seconds(5) }
    }

    private let loop: EventLoop
    private let database: Database
    private let client: HTTPClient
    private let bounds: Bounds
    private let metrics: WebhookMetrics
    private let log: Logger
    private let clock: @Sendable () -> Timestamp
    private var calls = 0
    private var callsByHost: [String: Int] = [:]
    private var work: Task<Void, Never>?
    private var isStopping = false
    private var isAwake = false
    private var rest: Once<Void>?
    private var isFailing = false

    package init(
        on loop: EventLoop, database: Database, address: WebhookAddress, bounds: Bounds = Bounds(), metrics: Metrics,
        log: Logger, clock: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.loop = loop
        self.database = database
        self.bounds = bounds
        self.log = log
        self.clock = clock
        self.metrics = WebhookMetrics(metrics)
        var connections = HTTPClient.Connections()
        // A receiver gets a request now and then, and connections to all of them would be many.
        connections.idle = 0
        connections.perOrigin = bounds.callsPerHost
        var client = HTTPClient(on: loop, connections: connections, allowed: address.policy)
        client.limits.body = bounds.answer
        self.client = client
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    // MARK: - Life

    /// Says that something is new. From any thread.
    package nonisolated func wake() {
        loop.execute { self.assumeIsolated { $0.wakeUp() } }
    }

    /// Sends until `stop`, or until its task is cancelled.
    package func run() async {
        let task = Task(executorPreference: loop) { await self.serve() }
        work = task
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Begins nothing more; requests under way have `time` to end. What has no end by then is sent again.
    package func stop(within time: Duration) async {
        isStopping = true
        wakeUp()
        let deadline = ContinuousClock.now + time
        while calls > 0, ContinuousClock.now < deadline { try? await loop.sleep(for: .milliseconds(5)) }
        work?.cancel()
    }

    private func serve() async {
        await withDiscardingTaskGroup { tasks in
            while !isStopping, !Task.isCancelled {
                let claims = await take()
                for claim in claims {
                    tasks.addTask(executorPreference: self.loop) { await self.send(claim) }
                }
                if claims.isEmpty { await pause() }
            }
        }
    }

    private func wakeUp() {
        isAwake = true
        rest?.finish(.success(()))
    }

    private func pause() async {
        defer { isAwake = false }
        guard !isAwake else { return }
        let once = Once<Void>()
        rest = once
        let timer = loop.schedule(after: bounds.interval) { once.finish(.success(())) }
        try? await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { once.wait($0) }
        } onCancel: {
            loop.execute { once.finish(.failure(CancellationError())) }
        }
        loop.cancel(timer)
        rest = nil
    }

    // MARK: - Claims

    private func take() async -> [Webhooks.Claim] {
        let free = min(bounds.calls - calls, 16)
        guard free > 0 else { return [] }
        let (now, lease) = (clock(), bounds.lease)
        do {
            guard let due = try await database.read({ db in try Webhooks.nextDue(in: db) }), due <= now else {
                return []
            }
            let claims = try await database.write { db in try Webhooks.claim(free, at: now, for: lease, in: db) }
            isFailing = false
            var begun: [Webhooks.Claim] = []
            for claim in claims {
                if begin(claim) {
                    begun.append(claim)
                } else {
                    _ = await finish(claim, .none(.seconds(1)), isLast: true)
                }
            }
            return begun
        } catch {
            if !isFailing, !(error is CancellationError) {
                log.warning("webhooks wait: the database cannot be used", ["error": LogValue("\(error)")])
            }
            isFailing = true
            return []
        }
    }

    private func begin(_ claim: Webhooks.Claim) -> Bool {
        let host = claim.host
        guard callsByHost[host, default: 0] < bounds.callsPerHost else { return false }
        callsByHost[host, default: 0] += 1
        calls += 1
        metrics.calls.set(calls)
        return true
    }

    private func end(_ host: String) {
        let left = callsByHost[host, default: 1] - 1
        callsByHost[host] = left == 0 ? nil : left
        calls -= 1
        metrics.calls.set(calls)
        wakeUp()
    }

    // MARK: - Sending

    private func send(_ first: Webhooks.Claim) async {
        defer { end(first.host) }
        var next: Webhooks.Claim? = first
        var count = 0
        while let claim = next {
            let outcome = await attempt(claim)
            count += 1
            next = await finish(claim, outcome, isLast: count == bounds.burst || isStopping)
        }
    }

    private func attempt(_ claim: Webhooks.Claim) async -> Webhooks.Outcome {
        guard let request = claim.request(at: clock()) else { return .failed("the URL cannot be used", isFinal: true) }
        let start = ContinuousClock.now
        let outcome: Webhooks.Outcome
        do {
            outcome = Webhooks.Outcome(try await client.send(request, within: bounds.timeout))
        } catch {
            outcome = Webhooks.Outcome(error)
        }
        metrics.count(outcome, ContinuousClock.now - start)
        return outcome
    }

    /// - Returns: the same customer's next one.
    private func finish(
        _ claim: Webhooks.Claim, _ outcome: Webhooks.Outcome, isLast: Bool
    ) async -> Webhooks.Claim? {
        let (now, retries, lease) = (clock(), bounds.retries, isLast ? nil : bounds.lease)
        do {
            try Failpoint.reach("webhook.before-commit", ["order": "\(claim.orderID)"])
            let store: @Sendable (SQLite.Connection) throws -> Webhooks.Finished = { db in
                try Webhooks.finish(claim, outcome, retries, at: now, goingOn: lease, in: db)
            }
            if Task.isCancelled {
                // A task that is cancelled gets no answer from the database; this needs none.
                try database.writeLater { db in _ = try store(db) }
                return nil
            }
            let finished = try await database.write(store)
            tell(claim, outcome, finished)
            return finished.next
        } catch {
            // The claim runs out, and it is sent again.
            log.warning(
                "what came of a webhook could not be stored",
                ["error": LogValue("\(error)"), "order_id": .number(claim.orderID)])
            return nil
        }
    }

    private func tell(_ claim: Webhooks.Claim, _ outcome: Webhooks.Outcome, _ finished: Webhooks.Finished) {
        guard case .failed(let error, _) = outcome else { return }
        let fields: KeyValuePairs<String, LogValue> = [
            "order_id": .number(claim.orderID), "customer_id": .number(claim.customerID),
            "webhook_id": LogValue(claim.messageID), "host": LogValue(claim.host),
            "attempts": .number(claim.attempts + 1), "error": LogValue(error),
        ]
        if finished.isGivenUp {
            metrics.givenUp.add()
            log.warning("a notification is given up", fields)
        } else {
            log.debug("a notification could not be delivered", fields)
        }
    }
}
