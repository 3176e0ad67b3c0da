import AMQP
import AMQPWire
import Support
import Testing

/// A whole conversation through a proxy, which goes on until its work is done, whatever happens to the connection.
private struct Conversation {
    static let messages: Range<UInt8> = 0..<6

    struct Report {
        /// Outcomes by message, in the order in which they came.
        var outcomes: [UInt8: [PublishOutcome]] = [:]
        var received: Set<UInt8> = []
        var connected = 0
        var unknown = 0
    }

    /// Held by the connection: gone when it is.
    final class Token: Sendable {}

    let url: String
    let queue: String

    /// What was under way when the connection was lost is done again, as a program would.
    private func retrying<Result>(_ body: () async throws -> Result) async throws -> Result {
        while true {
            do {
                return try await body()
            } catch let error as AMQPError where error.code == .connectionLost {
                continue
            }
        }
    }

    func run() async throws -> Report {
        var configuration = AMQPConfiguration()
        configuration.firstAttempt = .mayFindBrokerDown
        configuration.recovery.initialDelay = .milliseconds(1)
        configuration.recovery.ceiling = .milliseconds(50)
        var report = Report()
        weak var token: Token?
        do {
            let held = Token()
            token = held
            configuration.onEvent = { _ in withExtendedLifetime(held) {} }
            try await AMQPConnection.withConnection(url, configuration: configuration) { connection in
                let channel = try await retrying { try await connection.openChannel() }
                _ = try await retrying { try await channel.declareQueue(queue) }
                try await publishAll(on: channel, &report)
                try await consumeAll(on: channel, &report)
                await channel.close()
                let metrics = await connection.metrics
                report.connected = metrics.connected
                report.unknown = metrics.unknown
            }
        }
        configuration.onEvent = nil
        try await eventually("the connection is released") { token == nil }
        return report
    }

    private func publishAll(on channel: AMQPChannel, _ report: inout Report) async throws {
        var left = Array(Self.messages)
        while !left.isEmpty {
            var handles: [(UInt8, PendingPublish)] = []
            for message in left {
                let properties = BasicProperties(deliveryMode: .persistent)
                handles.append(
                    (
                        message,
                        try await channel.publishing(
                            [message], to: "", routingKey: queue, properties: properties, mandatory: true)
                    ))
            }
            left = []
            for (message, handle) in handles {
                let outcome = await handle.outcome
                report.outcomes[message, default: []].append(outcome)
                if outcome != .confirmed { left.append(message) }
            }
        }
    }

    private func consumeAll(on channel: AMQPChannel, _ report: inout Report) async throws {
        let consumer = try await retrying { try await channel.consume(queue, prefetch: 3) }
        while report.received.count < Self.messages.count {
            guard let delivery = try await consumer.next() else { throw SupportError("the stream ended") }
            report.received.insert(delivery.body[0])
            try await delivery.ack()
        }
        try await retrying { try await consumer.cancel() }
    }
}

@Suite("RabbitMQ: a network that cuts and chops", .timeLimit(.minutes(4)))
struct AMQPCutTests {
    private func check(_ report: Conversation.Report, cuts: Int) {
        #expect(report.received == Set(Conversation.messages))
        var unknown = 0
        for message in Conversation.messages {
            let outcomes = report.outcomes[message] ?? []
            // Unknown until it is confirmed, and nothing after that.
            #expect(outcomes.last == .confirmed)
            for outcome in outcomes.dropLast() {
                guard case .unknown(let reason) = outcome else {
                    Issue.record("message \(message): \(outcome)")
                    continue
                }
                unknown += 1
                #expect(reason.code == .connectionLost)
            }
        }
        #expect(report.unknown == unknown)
        if cuts == 0 { #expect(unknown == 0) }
    }

    /// Where frames end in what one side says, the protocol header being one of them.
    private func borders(_ octets: [UInt8], from start: Int) throws -> [Int] {
        var borders = start > 0 ? [0, start] : [0]
        var position = start
        let parser = FrameParser(frameMax: 1 << 20)
        while let size = try octets[position...].withUnsafeBytes({ try parser.next($0)?.size }) {
            position += size
            borders.append(position)
        }
        #expect(position == octets.count)
        return borders
    }

    @Test(
        "seven 1: a cut at and around every frame border: nothing confirmed is missing, every other publish is unknown")
    func everyBorder() async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let said = Guarded<[[UInt8]]>([[], []])
        let recorder = try Proxy(to: broker.port) { direction, octets in
            said.update { $0[direction.rawValue] += octets }
        }
        let whole = try await Conversation(url: broker.url(virtualHost: host, port: recorder.port), queue: "whole")
            .run()
        check(whole, cuts: 0)
        recorder.close()
        var cuts: [(Proxy.Direction, Int)] = []
        for direction in Proxy.Direction.allCases {
            let octets = said.read { $0[direction.rawValue] }
            for border in try borders(octets, from: direction == .toServer ? 8 : 0) {
                for place in [border - 1, border, border + 1] where place >= 0 { cuts.append((direction, place)) }
            }
        }
        #expect(cuts.count > 100)
        let happened = Guarded(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, (direction, place)) in cuts.enumerated() {
                if number >= 4 { try await group.next() }
                group.addTask {
                    let proxy = try Proxy(to: broker.port)
                    proxy.cut(after: place, direction, with: number % 2 == 0 ? .reset : .goodbye)
                    let url = broker.url(virtualHost: host, port: proxy.port)
                    let report = try await Conversation(url: url, queue: "cut-\(direction)-\(place)").run()
                    check(report, cuts: proxy.cuts)
                    try await eventually("no connection is left") { proxy.connections == 0 }
                    happened.update { $0 += proxy.cuts }
                    proxy.close()
                }
            }
            try await group.waitForAll()
        }
        // Some are behind the end of a conversation that was a little shorter than the first.
        #expect(happened.read { $0 } > cuts.count * 9 / 10)
        try await broker.deleteVirtualHost(host)
    }

    @Test("a whole conversation in pieces of a few octets, both ways", arguments: [1, 2, 7])
    func pieces(_ size: Int) async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        let proxy = try Proxy(to: broker.port)
        proxy.change {
            $0.pieceMax = size
            $0.octetsPerSecond = 20_000 * size
        }
        let report = try await Conversation(url: broker.url(virtualHost: host, port: proxy.port), queue: "q").run()
        check(report, cuts: 0)
        #expect(report.connected == 1)
        #expect(proxy.octets(.toServer) > 500 && proxy.octets(.toClient) > 500)
        proxy.close()
        try await broker.deleteVirtualHost(host)
    }
}
