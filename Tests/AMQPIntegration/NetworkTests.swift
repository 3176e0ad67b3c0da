import AMQP
import Support
import Testing

/// A connection through a proxy to a virtual host of its own on the shared broker.
private func withProxy(
    _ configuration: AMQPConfiguration = AMQPRecoveryTests.quick, receiveBuffer: Int? = nil,
    _ body: (Proxy, AMQPConnection, AMQPChannel) async throws -> Void
) async throws {
    let broker = try await RabbitMQBroker.shared()
    let host = try await broker.makeVirtualHost()
    let proxy = try Proxy(to: broker.port, receiveBuffer: receiveBuffer)
    let url = broker.url(virtualHost: host, port: proxy.port)
    try await AMQPConnection.withConnection(url, configuration: configuration) { connection in
        try await connection.withChannel { channel in try await body(proxy, connection, channel) }
    }
    try await eventually("no connection is left") { proxy.connections == 0 }
    proxy.close()
    try await broker.deleteVirtualHost(host)
}

@Suite("RabbitMQ: a network that hangs and loses", .timeLimit(.minutes(3)))
struct AMQPNetworkTests {
    private func disconnected(_ events: AsyncStream<AMQPEvent>) async throws -> AMQPError {
        try await AMQPRecoveryTests.first(in: events) { if case .disconnected(let error) = $0 { error } else { nil } }
    }

    /// One second, so that two are soon over.
    static var alert: AMQPConfiguration {
        var configuration = AMQPRecoveryTests.quick
        configuration.heartbeat = .seconds(1)
        configuration.connectTimeout = .seconds(5)
        return configuration
    }

    @Test(
        "behaviour 25: a peer that freezes without an end is noticed within two heartbeats", arguments: [true, false])
    func frozen(_ fillsWindow: Bool) async throws {
        try await withProxy(Self.alert) { proxy, connection, channel in
            let events = connection.events()
            // Either the socket is full, or everything written into it vanishes.
            if fillsWindow { proxy.freeze() } else { proxy.swallow() }
            let start = ContinuousClock.now
            let request = Task { try await channel.declareQueue("q") }
            #expect(try await disconnected(events).code == .heartbeatMissed)
            // Two seconds, and up to half of one since the last octet.
            #expect(ContinuousClock.now - start < .seconds(4))
            let error = await #expect(throws: AMQPError.self) { try await request.value }
            #expect(error?.code == .heartbeatMissed)
            // The network heals: what hung there is gone, and the next attempt comes through.
            proxy.resume()
            proxy.cutAll()
            try await AMQPRecoveryTests.first(in: events, AMQPRecoveryTests.recovered)
            try await channel.declareQueue("q")
        }
    }

    @Test("behaviour 25: a full TCP window is noticed within two heartbeats, also while the peer goes on talking")
    func fullWindow() async throws {
        try await withProxy(Self.alert, receiveBuffer: 16 << 10) { proxy, connection, channel in
            let queue = try await channel.declareQueue("q").name
            let events = connection.events()
            proxy.freeze(.toServer)
            let start = ContinuousClock.now
            let publisher = Task {
                var unknown = 0
                let body = [UInt8](repeating: 1, count: 1 << 20)
                var handles: [PendingPublish] = []
                // More than the kernel's buffers take; the broker goes on sending heartbeats.
                for _ in 0..<64 { handles.append(try await channel.publishing(body, to: "", routingKey: queue)) }
                for handle in handles { if case .unknown = await handle.outcome { unknown += 1 } }
                return unknown
            }
            let error = try await disconnected(events)
            #expect([.connectionLost, .connectionClosedByPeer].contains(error.code))
            #expect(ContinuousClock.now - start < .seconds(5))
            proxy.resume()
            proxy.cutAll()
            // What was under way is unknown, the rest goes out after the recovery.
            let unknown = try await publisher.value
            #expect(unknown > 0 && unknown < 64)
            #expect(await connection.metrics.unknown == unknown)
        }
    }

    @Test(
        "behaviour 19: a connection lost with N confirms pending: N outcomes, all unknown, each once",
        arguments: [1, 500])
    func pendingConfirms(_ count: Int) async throws {
        try await withProxy { proxy, connection, channel in
            let queue = try await channel.declareQueue("q").name
            try await channel.publish([0], to: "", routingKey: queue)
            let events = connection.events()
            proxy.freeze(.toClient)
            var handles: [PendingPublish] = []
            for number in 0..<count {
                handles.append(try await channel.publishing([UInt8(number & 0xFF)], to: "", routingKey: queue))
            }
            #expect(handles.allSatisfy { $0.current == nil })
            proxy.cutAll()
            proxy.resume()
            for handle in handles {
                guard case .unknown(let reason) = await handle.outcome else {
                    Issue.record("the outcome is not unknown")
                    return
                }
                #expect(reason.code == .connectionLost)
            }
            #expect(await connection.metrics.unknown == count)
            try await AMQPRecoveryTests.first(in: events, AMQPRecoveryTests.recovered)
            // Confirms count anew on the restored channel, and nothing old is answered.
            try await channel.publish([0], to: "", routingKey: queue)
            let metrics = await connection.metrics
            #expect(metrics.unknown == count && metrics.confirmed == 2)
        }
    }

    @Test("seven 3: every way to settle a delivery from before a recovery is a no-op that says so")
    func staleSettlements() async throws {
        try await withProxy { proxy, connection, channel in
            let queue = try await channel.declareQueue("q").name
            for number in 0..<4 as Range<UInt8> { try await channel.publish([number], to: "", routingKey: queue) }
            let consumer = try await channel.consume(queue, prefetch: 10)
            func take() async throws -> [AMQPDelivery] {
                var taken: [AMQPDelivery] = []
                while taken.count < 4 { taken += try await consumer.nextBatch() }
                return taken
            }
            let old = try await take()
            let events = connection.events()
            proxy.refuse()
            proxy.cutAll()
            _ = try await disconnected(events)
            // Also while there is no connection.
            #expect(try await old[0].ack() == .stale)
            try proxy.accept()
            try await AMQPRecoveryTests.first(in: events, AMQPRecoveryTests.recovered)
            let new = try await take()
            #expect(new.map(\.deliveryTag) == old.map(\.deliveryTag))
            #expect(try await old[3].ack(multiple: true) == .stale)
            #expect(try await old[1].nack(requeue: false, multiple: true) == .stale)
            #expect(try await old[2].reject(requeue: false) == .stale)
            #expect(await connection.metrics.acknowledged == 0)
            // Nothing of it reached the broker: the new ones are all open, and the channel lives.
            for delivery in new { #expect(try await delivery.ack() == .sent) }
            #expect(try await channel.checkQueue(queue).messageCount == 0)
            #expect(await connection.metrics.connected == 2)
        }
    }

    @Test("seven 5: requests that are cancelled under way never take the answers of others")
    func cancelledRequests() async throws {
        try await withProxy { proxy, connection, channel in
            proxy.change { $0.delay = .milliseconds(2) }
            for round in 0..<40 {
                let cancelled = Task { try await channel.declareQueue("cancelled-\(round)") }
                let kept = Task { try await channel.declareQueue("kept-\(round)") }
                // Before it is sent, under way, or answered.
                try await Task.sleep(for: .milliseconds(round % 8))
                cancelled.cancel()
                #expect(try await kept.value.name == "kept-\(round)")
                #expect(try await channel.declareQueue("next-\(round)").name == "next-\(round)")
                // It came in time, or it was cancelled; it is never another's.
                if let info = try? await cancelled.value { #expect(info.name == "cancelled-\(round)") }
            }
            #expect(await connection.metrics.connected == 1)
        }
    }

    @Test("seven 5: consumers that start and end at once on one channel beside other requests get their own answers")
    func manyConsumers() async throws {
        try await withTestChannel { connection, channel in
            for queue in ["a", "b", "c"] { try await channel.declareQueue(queue) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<12 {
                    group.addTask {
                        let queue = ["a", "b", "c"][task % 3]
                        for _ in 0..<20 {
                            let start = Task { try await channel.consume(queue, prefetch: UInt16(task + 1)) }
                            if task % 2 == 0 { start.cancel() }
                            let info = try await channel.declareQueue(queue)
                            #expect(info.name == queue)
                            try? await start.value.cancel()
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(await connection.metrics.connected == 1)
            for queue in ["a", "b", "c"] {
                try await eventually("no consumer is left") { try await channel.checkQueue(queue).consumerCount == 0 }
            }
        }
    }
}
