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
                    switch settings.mode {
                    case .publish: try await publish(settings, on: channel)
                    case .consume: try await consume(settings, on: channel)
                    case .roundTrip: try await publishOneByOne(settings, on: channel)
                    }
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

    private static func publish(_ settings: PeerSettings, on channel: AMQPChannel) async throws -> PeerResult {
        let watch = Watch()
        try await publishAll(settings, on: channel)
        return try watch.result(settings.count)
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

    private static func consume(_ settings: PeerSettings, on channel: AMQPChannel) async throws -> PeerResult {
        let watch = Watch()
        let consumer = try await channel.consume(settings.queue, prefetch: settings.prefetch)
        try await take(settings.count, of: consumer, settings)
        return try watch.result(settings.count)
    }

    static func take(_ count: Int, of consumer: AMQPConsumer, _ settings: PeerSettings) async throws {
        let every = settings.acknowledgeEvery
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
        guard received == count, octets == count * settings.size else {
            throw BenchmarkError("received \(received) of \(count) messages with \(octets) octets")
        }
    }

    private static func publishOneByOne(_ settings: PeerSettings, on channel: AMQPChannel) async throws -> PeerResult {
        let body = body(settings)
        var latencies: [UInt64] = []
        latencies.reserveCapacity(settings.count)
        let watch = Watch()
        for _ in 0..<settings.count {
            let start = Watch.nanoseconds
            try await channel.publish(
                body, to: settings.exchange, routingKey: settings.routingKey, properties: properties)
            latencies.append(Watch.nanoseconds - start)
        }
        var result = try watch.result(settings.count)
        latencies.sort()
        func percentile(_ part: Double) -> Double {
            Double(latencies[Int(part * Double(latencies.count - 1) + 0.5)]) / 1000
        }
        result.p50 = percentile(0.5)
        result.p99 = percentile(0.99)
        return result
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

    func result(_ messages: Int) throws -> PeerResult {
        let seconds = Double(Watch.nanoseconds - start) / 1e9
        let cpu = Watch.cpu - cpu
        return PeerResult(
            messages: messages, seconds: seconds, cpu: cpu, memory: try ProcessCounters.memory(getpid(), "VmHWM"))
    }
}
