import AMQP
import AMQPWire
import Support
import Testing

@Suite("Publishing", .timeLimit(.minutes(1)))
struct PublishingTests {
    /// A connection with one open channel to a scripted broker; the script goes on after channel.open-ok.
    static func withChannel<Result: Sendable>(
        _ configuration: AMQPConfiguration = .alone, script: @escaping @Sendable (ScriptedPeer) throws -> Void,
        _ body: (AMQPConnection, AMQPChannel) async throws -> Result
    ) async throws -> Result {
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake()
            try peer.openChannel()
            try script(peer)
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        let channel = try await connection.openChannel()
        let result = try await body(connection, channel)
        await connection.close()
        try await served
        return result
    }

    @Test("behaviour 17: confirms out of order, multiple and refused reach their own publishes")
    func confirms() async throws {
        try await Self.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.send(ConfirmSelectOk())
            for _ in 0..<5 { try peer.expect(BasicPublish.id) }
            try peer.send(BasicAck(deliveryTag: 4))
            try peer.send(BasicNack(deliveryTag: 2))
            try peer.send(BasicAck(deliveryTag: 5, multiple: true))
            try peer.farewell()
        } _: { connection, channel in
            var handles: [PendingPublish] = []
            for index in 0..<5 { handles.append(try await channel.publishing([UInt8(index)], to: "e")) }
            var outcomes: [PublishOutcome] = []
            for handle in handles { outcomes.append(await handle.outcome) }
            #expect(outcomes[1] != .confirmed)
            outcomes.remove(at: 1)
            #expect(outcomes == [.confirmed, .confirmed, .confirmed, .confirmed])
            let metrics = await connection.metrics
            #expect(metrics.confirmed == 4)
            #expect(metrics.refused == 1)
        }
    }

    @Test("seven 2: a returned message is paired with its own publish, also when the confirm covers several")
    func returns() async throws {
        try await Self.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.send(ConfirmSelectOk())
            for _ in 0..<3 { try peer.expect(BasicPublish.id) }
            try peer.send(BasicReturn(replyCode: 312, replyText: "NO_ROUTE", exchange: "e", routingKey: "k"), body: [1])
            try peer.send(BasicAck(deliveryTag: 3, multiple: true))
            try peer.farewell()
        } _: { _, channel in
            var handles: [PendingPublish] = []
            for body in 0..<3 {
                handles.append(try await channel.publishing([UInt8(body)], to: "e", routingKey: "k", mandatory: true))
            }
            #expect(await handles[0].outcome == .confirmed)
            #expect(await handles[2].outcome == .confirmed)
            let returned = await handles[1].outcome
            let error = #expect(throws: AMQPError.self) { try returned.get() }
            #expect(error?.code == .publishReturned)
            #expect(error?.reply == PeerReply(code: .noRoute, text: "NO_ROUTE"))
        }
    }

    @Test("behaviour 19: when the connection is lost the pending publishes are unknown")
    func lost() async throws {
        try await Self.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            for _ in 0..<3 { try peer.expect(BasicPublish.id) }
            try peer.send(BasicAck(deliveryTag: 1))
        } _: { connection, channel in
            var handles: [PendingPublish] = []
            for _ in 0..<3 { handles.append(try await channel.publishing([], to: "e")) }
            #expect(await handles[0].outcome == .confirmed)
            for handle in handles[1...] {
                guard case .unknown(let reason) = await handle.outcome else {
                    Issue.record("the outcome is not unknown")
                    return
                }
                #expect(reason.code == .connectionLost)
                let outcome = await handle.outcome
                #expect(throws: AMQPError.self) { try outcome.get() }
            }
            #expect(await connection.metrics.unknown == 2)
        }
    }

    @Test("behaviour 12: when the broker closes the channel its publishes are unknown for its reason, and it is gone")
    func channelClosed() async throws {
        try await Self.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.expect(BasicPublish.id)
            try peer.send(ChannelClose(replyCode: 404, replyText: "NOT_FOUND - no exchange", classID: 60, methodID: 40))
            try peer.expect(ChannelCloseOk.id)
            try peer.openChannel(1)
            try peer.farewell()
        } _: { connection, channel in
            let error = await #expect(throws: AMQPError.self) { try await channel.publish([], to: "missing") }
            #expect(error?.code == .publishUnknown)
            #expect(
                error?.reply == PeerReply(code: .notFound, text: "NOT_FOUND - no exchange", method: "basic.publish"))
            let later = await #expect(throws: AMQPError.self) { try await channel.declareQueue("q") }
            #expect(later?.code == .notFound)
            // The number is free again, and other channels live.
            let other = try await connection.openChannel()
            #expect(await other.isOpen)
        }
    }

    @Test("the window bounds what is outstanding; those who wait go on in their order")
    func window() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.publishWindow = 2
        try await Self.withChannel(configuration) { peer in
            try peer.expect(ConfirmSelect.id)
            for tag in 1...20 as ClosedRange<UInt64> {
                try peer.expect(BasicPublish.id)
                if tag == 1 { continue }
                // Never more than two are on their way.
                try peer.send(BasicAck(deliveryTag: tag - 1))
            }
            try peer.send(BasicAck(deliveryTag: 20))
            try peer.farewell()
        } _: { _, channel in
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 { group.addTask { try await channel.publish([1], to: "e") } }
                try await group.waitForAll()
            }
        }
    }

    @Test("a full window can be left by a deadline and by cancellation; nothing was sent then")
    func leaving() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.publishWindow = 1
        try await Self.withChannel(configuration) { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.expect(BasicPublish.id)
            // What follows is close, and not a second publish.
            try peer.expect(ConnectionClose.id)
            try peer.send(ConnectionCloseOk(), channel: 0)
        } _: { _, channel in
            let first = try await channel.publishing([], to: "e")
            let late = await #expect(throws: AMQPError.self) {
                try await channel.publish([], to: "e", within: .milliseconds(20))
            }
            #expect(late?.code == .timeout)
            let task = Task { try await channel.publish([], to: "e") }
            task.cancel()
            let cancelled = await #expect(throws: AMQPError.self) { try await task.value }
            #expect(cancelled?.code == .cancelled)
            #expect(first.current == nil)
        }
    }

    @Test("behaviour 22: while the broker blocks the connection nothing is published; close returns all the same")
    func blocked() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.closeTimeout = .milliseconds(50)
        try await Self.withChannel(configuration) { peer in
            try peer.send(ConnectionBlocked(reason: "low on memory"), channel: 0)
            while try peer.discard() {}
        } _: { connection, channel in
            try await eventually("blocked") { await connection.blockedReason == "low on memory" }
            let error = await #expect(throws: AMQPError.self) {
                try await channel.publish([], to: "e", within: .milliseconds(20))
            }
            #expect(error?.code == .timeout)
        }
    }

    @Test("behaviour 3: properties that do not fit into a frame fail here, and the channel lives")
    func largeProperties() async throws {
        try await Self.withChannel { peer in
            try peer.expect(ConfirmSelect.id)
            try peer.expect(BasicPublish.id)
            try peer.send(BasicAck(deliveryTag: 1))
            try peer.farewell()
        } _: { _, channel in
            let properties = BasicProperties(headers: ["x": .octets(Array(repeating: 0, count: 200_000))])
            let error = await #expect(throws: AMQPError.self) {
                try await channel.publish([], to: "e", properties: properties)
            }
            #expect(error?.code == .invalidArgument)
            try await channel.publish([], to: "e")
        }
    }
}

extension AMQPConfiguration {
    /// Without recovery: the scripts serve one connection.
    static var alone: AMQPConfiguration {
        var configuration = AMQPConfiguration()
        configuration.recovery = .disabled
        return configuration
    }
}
