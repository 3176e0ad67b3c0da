import AMQP
import EventLoop
import Glibc

/// Our client, measured as the others are.
enum PeerClient {
    static func run(_ settings: PeerSettings) async throws -> PeerResult {
        try await onLoop { loop in
            var configuration = AMQPConfiguration(name: "bench")
            configuration.publishWindow = settings.window
            return try await AMQPConnection.withConnection(
                settings.place.uri, configuration: configuration, on: loop
            ) { connection in
                try await connection.withChannel { channel in
                    let watch = Watch()
                    let latencies = try await work(settings, on: channel)
                    return try watch.result(settings.count, latencies)
                }
            }
        }
    }

    /// Runs `body` in a task on an event loop of its own: what it awaits of a connection there is a call, not a hop.
    static func onLoop<Result: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> Result) async throws
        -> Result
    {
        let loop = try EventLoop(name: "amqp")
        try loop.start()
        defer {
            loop.stop()
            loop.join()
        }
        return try await Task(executorPreference: loop) { try await body(loop) }.value
    }

    static let properties = BasicProperties(contentType: "application/json", deliveryMode: .persistent)

    /// Returns latencies in nanoseconds, where each message has one.
    private static func work(_ settings: PeerSettings, on channel: AMQPChannel) async throws -> [UInt64] {
        switch settings.mode {
        case .publish: try await publishAll(settings, on: channel)
        case .publishBatch: try await publishBatches(settings, on: channel)
        case .roundTrip: return try await publishOneByOne(settings, on: channel)
        case .consume, .consumeBatch:
            let consumer = try await channel.consume(settings.queue, prefetch: settings.prefetch)
            try await consume(settings.count, from: consumer, settings)
        }
        return []
    }

    /// A call a message; each outcome is looked at.
    static func publishAll(_ settings: PeerSettings, on channel: AMQPChannel) async throws {
        let (body, window) = (body(settings), settings.window)
        var pending: [PendingPublish] = []
        pending.reserveCapacity(window)
        for number in 0..<settings.count {
            if number >= window { try await pending[number % window].outcome.get() }
            let publish = try await channel.publishing(
                body, to: settings.exchange, routingKey: settings.routingKey, properties: properties)
            if number < window { pending.append(publish) } else { pending[number % window] = publish }
        }
        for publish in pending { try await publish.outcome.get() }
    }

    /// An array of bodies a call, two of them on the way; each outcome is looked at.
    static func publishBatches(_ settings: PeerSettings, on channel: AMQPChannel) async throws {
        let body = body(settings)
        let size = max(1, settings.window / 2)
        var before: PendingBatch?
        var sent = 0
        while sent < settings.count {
            let bodies = Array(repeating: body, count: min(size, settings.count - sent))
            let batch = await channel.publishing(
                batch: bodies, to: settings.exchange, routingKey: settings.routingKey, properties: properties)
            if let before { for outcome in await before.outcomes { try outcome.get() } }
            before = batch
            sent += bodies.count
        }
        if let before { for outcome in await before.outcomes { try outcome.get() } }
    }

    static func consume(_ count: Int, from consumer: AMQPConsumer, _ settings: PeerSettings) async throws {
        let (received, octets) =
            if settings.mode == .consumeBatch {
                try await takeBatches(count, of: consumer)
            } else {
                try await takeEach(count, of: consumer, acknowledgeEvery: settings.acknowledgeEvery)
            }
        guard received == count, octets == count * settings.size else {
            throw BenchmarkError("received \(received) of \(count) messages with \(octets) octets")
        }
    }

    private static func takeEach(_ count: Int, of consumer: AMQPConsumer, acknowledgeEvery every: Int) async throws
        -> (received: Int, octets: Int)
    {
        var (received, octets, unsettled) = (0, 0, 0)
        while received < count, let delivery = try await consumer.next() {
            received += 1
            unsettled += 1
            octets += delivery.body.count
            if unsettled >= every || received == count {
                try await delivery.ack(multiple: every > 1)
                unsettled = 0
            }
        }
        return (received, octets)
    }

    private static func takeBatches(_ count: Int, of consumer: AMQPConsumer) async throws
        -> (received: Int, octets: Int)
    {
        var (received, octets) = (0, 0)
        while received < count {
            let batch = try await consumer.nextBatch(limit: count - received)
            guard let last = batch.last else { break }
            for delivery in batch { octets += delivery.body.count }
            try await last.ack(multiple: true)
            received += batch.count
        }
        return (received, octets)
    }

    private static func publishOneByOne(_ settings: PeerSettings, on channel: AMQPChannel) async throws -> [UInt64] {
        let body = body(settings)
        var latencies: [UInt64] = []
        latencies.reserveCapacity(settings.count)
        for _ in 0..<settings.count {
            let start = Watch.nanoseconds
            try await channel.publish(
                body, to: settings.exchange, routingKey: settings.routingKey, properties: properties)
            latencies.append(Watch.nanoseconds - start)
        }
        return latencies
    }

    private static func body(_ settings: PeerSettings) -> [UInt8] {
        [UInt8](repeating: UInt8(ascii: "x"), count: settings.size)
    }
}

/// Time and processor time since it was made.
struct Watch {
    private let start = Watch.nanoseconds
    private let cpu = Watch.cpu

    static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Microseconds of user and system time of this process.
    private static var cpu: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func microseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }
        return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
    }

    /// - Parameter latencies: nanoseconds
    func result(_ messages: Int, _ latencies: [UInt64]) throws -> PeerResult {
        let seconds = Double(Watch.nanoseconds - start) / 1e9
        let cpu = Watch.cpu - cpu
        let sorted = latencies.sorted()
        func percentile(_ part: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[Int(part * Double(sorted.count - 1) + 0.5)]) / 1000
        }
        return PeerResult(
            messages: messages, seconds: seconds, cpu: cpu, memory: try ProcessCounters.memory(getpid(), "VmHWM"),
            p50: percentile(0.5), p99: percentile(0.99))
    }
}
