import AMQP
import AMQPWire
import Support
import Testing

@Suite("What publishers do while nothing can be sent", .timeLimit(.minutes(1)))
struct PolicyTests {
    /// Connections that are lost come back only after an hour.
    static var slow: AMQPConfiguration {
        var configuration = AMQPConfiguration()
        configuration.recovery.initialDelay = .seconds(3600)
        configuration.recovery.ceiling = .seconds(3600)
        configuration.closeTimeout = .milliseconds(50)
        return configuration
    }

    @Test("each channel has its own policy while the connection is away; a publish's own limit goes before it")
    func down() async throws {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            for number in 1...3 as ClosedRange<UInt16> { try peer.openChannel(number) }
            try peer.expect(QueueDelete.id)
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: Self.slow)
        let impatient = try await connection.openChannel(whileDown: .failAtOnce)
        let patient = try await connection.openChannel(whileDown: .wait(.milliseconds(50)))
        let usual = try await connection.openChannel()
        await #expect(throws: AMQPError.self) { try await usual.deleteQueue("q") }
        try await served

        let now = ContinuousClock.now
        let atOnce = await #expect(throws: AMQPError.self) { try await impatient.publish([], to: "e") }
        #expect(atOnce?.code == .notConnected)
        let request = await #expect(throws: AMQPError.self) { try await impatient.declareQueue("q") }
        #expect(request?.code == .notConnected)
        let start = ContinuousClock.now
        let later = await #expect(throws: AMQPError.self) { try await patient.publish([], to: "e") }
        #expect(later?.code == .notConnected)
        #expect(ContinuousClock.now - start >= .milliseconds(50))
        let opening = await #expect(throws: AMQPError.self) { try await connection.openChannel(whileDown: .failAtOnce) }
        #expect(opening?.code == .notConnected)
        for channel in [impatient, usual] {
            let own = await #expect(throws: AMQPError.self) {
                try await channel.publish([], to: "e", within: .milliseconds(60))
            }
            #expect(own?.code == .timeout)
            #expect(own?.message.contains("there is no connection") == true)
        }
        #expect(ContinuousClock.now - now < .seconds(10))
        // The default waits for half a minute; closing ends it.
        let waiting = Task { try await usual.publish([], to: "e") }
        try await Task.sleep(for: .milliseconds(20))
        await connection.close()
        let closed = await #expect(throws: AMQPError.self) { try await waiting.value }
        #expect(closed?.code == .closed)
    }

    @Test("while the broker blocks, each channel's policy holds too, and the error tells the broker's reason")
    func blocked() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.closeTimeout = .milliseconds(50)
        configuration.whileDown = .failAtOnce
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.openChannel(2)
            try peer.send(ConnectionBlocked(reason: "low on memory"), channel: 0)
            while try peer.discard() {}
        } _: { connection, impatient in
            let patient = try await connection.openChannel(whileDown: .wait(.milliseconds(50)))
            try await eventually("blocked") { await connection.blockedReason != nil }
            for channel in [impatient, patient] {
                let start = ContinuousClock.now
                let error = await #expect(throws: AMQPError.self) { try await channel.publish([], to: "e") }
                #expect(error?.code == .blocked)
                #expect(error?.message.contains("low on memory") == true)
                #expect(channel === impatient || ContinuousClock.now - start >= .milliseconds(50))
                let send = await #expect(throws: AMQPError.self) { try await channel.send([], to: "e") }
                #expect(send?.code == .blocked)
            }
            let own = await #expect(throws: AMQPError.self) {
                try await impatient.publish([], to: "e", within: .milliseconds(20))
            }
            #expect(own?.code == .timeout)
            #expect(own?.message.contains("low on memory") == true)
        }
    }

    @Test("publishes that wait for room notice that the broker blocks now, and counts the time")
    func blockedWhileWaiting() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.publishWindow = 1
        configuration.whileDown = .failAtOnce
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.send(ConfirmSelectOk())
            try peer.expect(BasicPublish.id)
            try peer.send(ConnectionBlocked(reason: "disk"), channel: 0)
            try peer.expect(QueueDeclare.id)
            try peer.send(BasicAck(deliveryTag: 1))
            try peer.send(ConnectionUnblocked(), channel: 0)
            try peer.send(QueueDeclareOk(queue: "q"))
            try peer.expect(BasicPublish.id)
            try peer.send(BasicAck(deliveryTag: 2))
            try peer.farewell()
        } _: { connection, channel in
            let first = try await channel.publishing([], to: "e")
            let second = await #expect(throws: AMQPError.self) { try await channel.publish([], to: "e") }
            #expect(second?.code == .blocked)
            #expect(first.current == nil)
            _ = try await channel.declareQueue("q")
            #expect(await first.outcome == .confirmed)
            try await channel.publish([], to: "e")
            #expect(await connection.metrics.blocked > .zero)
        }
    }

    @Test("channel.flow stops the publishes of its channel, is answered, and lets them go on")
    func flow() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.send(ConfirmSelectOk())
            try peer.expect(BasicPublish.id)
            try peer.send(ChannelFlow(active: false))
            try peer.expect { if case .channelFlowOk(let ok) = $0, !ok.active { () } else { nil } }
            try peer.send(BasicAck(deliveryTag: 1))
            try peer.expect(QueueDeclare.id)
            try peer.send(QueueDeclareOk(queue: "q"))
            try peer.send(ChannelFlow(active: true))
            try peer.expect { if case .channelFlowOk(let ok) = $0, ok.active { () } else { nil } }
            try peer.expect(BasicPublish.id)
            try peer.send(BasicAck(deliveryTag: 2))
            try peer.farewell()
        } _: { _, channel in
            try await channel.publish([], to: "e")
            let late = await #expect(throws: AMQPError.self) {
                try await channel.publish([], to: "e", within: .milliseconds(20))
            }
            #expect(late?.code == .timeout)
            #expect(late?.message.contains("flow") == true)
            let waiting = Task { try await channel.publish([], to: "e") }
            _ = try await channel.declareQueue("q")
            try await waiting.value
        }
    }

    @Test(
        "limits that are no sensible times do not trap", arguments: [Duration.seconds(Int64.max), .seconds(Int64.min)])
    func extremes(_ time: Duration) async throws {
        var configuration = AMQPConfiguration.alone
        configuration.closeTimeout = .milliseconds(50)
        configuration.whileDown = .wait(time)
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.send(ConnectionBlocked(reason: "disk"), channel: 0)
            while try peer.discard() {}
        } _: { connection, channel in
            try await eventually("blocked") { await connection.blockedReason != nil }
            let tasks = [
                Task { try await channel.publish([], to: "e") },
                Task { try await channel.publish([], to: "e", within: time) },
            ]
            try await Task.sleep(for: .milliseconds(10))
            for task in tasks {
                task.cancel()
                await #expect(throws: AMQPError.self) { try await task.value }
            }
        }
    }
}
