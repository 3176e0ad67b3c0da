import AMQP
import AllocationCounter

/// Heap allocations a message of the client: those of this process, while the sink is another one.
enum AllocationBenchmark {
    struct Line {
        let name: String
        let mode: PeerSettings.Mode
        var acknowledgeEvery = 1
        /// Allocations a message.
        let limit: Double

        static let all = [
            Line(name: "publish 20 B, window 256", mode: .publish, limit: 2),
            Line(name: "publish 20 B in batches", mode: .publishBatch, limit: 2),
            Line(name: "consume, acknowledge each", mode: .consume, limit: 3),
            Line(name: "consume, acknowledge every 50", mode: .consume, acknowledgeEvery: 50, limit: 3),
            Line(name: "consume batches", mode: .consumeBatch, limit: 3),
        ]
        static let limits = "2 for publishing, 3 for consuming"
    }

    private static let messages = 100_000
    /// Messages before the count begins: buffers grow and names are interned.
    private static let warmUp = 2000
    /// What grows now and then, divided by all messages.
    private static let tolerance = 0.02

    static func run() async throws {
        print("| allocations a message, \(messages) messages | counted | at most |\n| --- | ---: | ---: |")
        var isAbove = false
        for line in Line.all {
            let counted = try await measure(line)
            print("| \(line.name) | \(fixed(counted, 3)) | \(fixed(line.limit, 0)) |")
            if counted > line.limit + tolerance { isAbove = true }
        }
        if isAbove { throw BenchmarkError("a message allocates more than it may") }
    }

    private static func measure(_ line: Line) async throws -> Double {
        var settings = PeerSettings(mode: line.mode)
        settings.acknowledgeEvery = line.acknowledgeEvery
        settings.count = messages
        var first = settings
        first.count = warmUp
        let sink = try SinkProcess.start(bodySize: settings.size, flood: warmUp + messages)
        defer { sink.child.end() }
        settings.place.port = UInt16(sink.port)
        let (all, warm) = (settings, first)
        let count = try await PeerClient.onLoop { loop in
            try await AMQPConnection.withConnection(all.place.uri, on: loop) { connection in
                try await connection.withChannel { channel in
                    switch all.mode {
                    case .consume, .consumeBatch:
                        let consumer = try await channel.consume(all.queue, prefetch: all.prefetch)
                        try await PeerClient.consume(warm.count, from: consumer, warm)
                        return try await counting { try await PeerClient.consume(all.count, from: consumer, all) }
                    case .publishBatch:
                        try await PeerClient.publishBatches(warm, on: channel)
                        return try await counting { try await PeerClient.publishBatches(all, on: channel) }
                    case .publish, .roundTrip:
                        try await PeerClient.publishAll(warm, on: channel)
                        return try await counting { try await PeerClient.publishAll(all, on: channel) }
                    }
                }
            }
        }
        return Double(count) / Double(messages)
    }

    private static func counting(_ body: () async throws -> Void) async throws -> UInt64 {
        let before = delivery_allocation_count()
        delivery_count_allocations(true)
        defer { delivery_count_allocations(false) }
        try await body()
        return delivery_allocation_count() - before
    }
}
