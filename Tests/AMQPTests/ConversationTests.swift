import AMQP
import AMQPWire
import Bytes
import Glibc
import Support
import Testing

@Suite("Conversations", .timeLimit(.minutes(1)))
struct ConversationTests {
    @Test("behaviour 26: a task cancelled in the middle of a declare never takes the next one's answer")
    func cancelledRequest() async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect { if case .queueDeclare(let declare) = $0, declare.queue == "one" { () } else { nil } }
            try peer.expect { if case .queueDeclare(let declare) = $0, declare.queue == "two" { () } else { nil } }
            try peer.send(QueueDeclareOk(queue: "one", messageCount: 1))
            try peer.send(QueueDeclareOk(queue: "two", messageCount: 2))
            try peer.farewell()
        } _: { connection, channel in
            let task = Task { try await channel.declareQueue("one") }
            // The second follows the first on the wire, since the first was on its way when it was cancelled.
            while await connection.pendingRequests == 0 { await Task.yield() }
            task.cancel()
            let error = await #expect(throws: AMQPError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            let second = try await channel.declareQueue("two")
            #expect(second == QueueInfo(name: "two", messageCount: 2, consumerCount: 0))
        }
    }

    @Test("seven 5: a request without an answer ends in time, and its late answer is swallowed")
    func requestTimeout() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.requestTimeout = .seconds(1)
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.expect(QueueDeclare.id)
            try peer.expect(QueuePurge.id)
            try peer.send(QueueDeclareOk(queue: "q"))
            try peer.send(QueuePurgeOk(messageCount: 7))
            try peer.farewell()
        } _: { _, channel in
            let error = await #expect(throws: AMQPError.self) { try await channel.declareQueue("q") }
            #expect(error?.code == .timeout)
            let purged = try await channel.purgeQueue("q")
            #expect(purged == 7)
        }
    }

    static let violations: [(String, [UInt8], UInt16)] = [
        ("a frame without its end", [1, 0, 1, 0, 0, 0, 4, 0, 20, 0, 11, 0], 501),
        ("an oversized frame", [1, 0, 1, 0, 0x10, 0, 0], 501),
        ("a frame of unknown type", [9, 0, 1, 0, 0, 0, 0, 0xCE], 501),
        ("a channel that is not open", [1, 0, 9, 0, 0, 0, 4, 0, 20, 0, 11, 0xCE], 504),
        ("an unknown method", [1, 0, 1, 0, 0, 0, 4, 0, 60, 0, 99, 0xCE], 503),
        ("an answer to nothing", [1, 0, 1, 0, 0, 0, 4, 0, 60, 0, 11, 0xCE], 503),
        ("content without a method", [3, 0, 1, 0, 0, 0, 1, 7, 0xCE], 505),
        ("content on channel 0", [3, 0, 0, 0, 0, 0, 1, 7, 0xCE], 505),
        ("a confirm of nothing", [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0xCE], 502),
    ]

    @Test("behaviour 4: what breaks the protocol ends the connection with the code that says so", arguments: violations)
    func violation(_ name: String, _ octets: [UInt8], _ code: UInt16) async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(QueueDeclare.id)
            try peer.write(octets)
            try peer.expect { if case .connectionClose(let close) = $0, close.replyCode == code { () } else { nil } }
        } _: { connection, channel in
            let error = await #expect(throws: AMQPError.self) { try await channel.declareQueue("q") }
            #expect(error?.code == .protocolViolation)
            for await event in connection.events() {
                if case .closed(let error) = event { #expect(error?.code == .protocolViolation) }
            }
            let later = await #expect(throws: AMQPError.self) { try await channel.declareQueue("q") }
            #expect(later?.code == .protocolViolation)
        }
    }

    @Test("behaviour 25: heartbeats go out, and a silent peer is noticed within two intervals")
    func heartbeats() async throws {
        let broker = try ScriptedBroker()
        async let beats = broker.serve { peer in
            try peer.handshake(tune: ConnectionTune(channelMax: 10, frameMax: 8192, heartbeat: 1))
            var beats = 0
            // The script says nothing; it counts until the client gives up.
            while let frame = try peer.frame() { if frame.kind == .heartbeat { beats += 1 } }
            return beats
        }
        let start = ContinuousClock.now
        let connection = try await AMQPConnection.connect(broker.url, configuration: .alone)
        for await event in connection.events() {
            if case .closed(let error) = event { #expect(error?.code == .heartbeatMissed) }
        }
        let time = ContinuousClock.now - start
        #expect(time > .milliseconds(1500) && time < .seconds(4))
        #expect(try await beats >= 2)
    }

    @Test("behaviour 25: a peer that talks but never reads is noticed by its full TCP window")
    func fullWindow() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.publishWindowOctets = 256 << 20
        let broker = try ScriptedBroker()
        async let served: Void = broker.serve { peer in
            try peer.handshake(tune: ConnectionTune(channelMax: 10, frameMax: 131_072, heartbeat: 1))
            try peer.openChannel()
            // Until the client is gone.
            while (try? peer.write([8, 0, 0, 0, 0, 0, 0, 0xCE])) != nil { usleep(100_000) }
        }
        let connection = try await AMQPConnection.connect(broker.url, configuration: configuration)
        let channel = try await connection.openChannel()
        let start = ContinuousClock.now
        let body = [UInt8](repeating: 1, count: 1 << 20)
        let publish = try await channel.publishing(body, to: "e")
        for _ in 0..<63 { _ = try? await channel.publishing(body, to: "e") }
        guard case .unknown(let reason) = await publish.outcome else {
            Issue.record("the outcome is not unknown")
            return
        }
        #expect(reason.code == .connectionLost)
        #expect(ContinuousClock.now - start < .seconds(10))
        try await served
    }

    @Test("seven 4: deliveries without end before a confirm do not fill the memory; the publish is unknown")
    func overflow() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.deliveryBufferOctets = 1 << 20
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.expect(BasicQos.id)
            try peer.send(BasicQosOk())
            try peer.expect(BasicConsume.id)
            try peer.send(BasicConsumeOk(consumerTag: "c1"))
            try peer.expect(ConfirmSelect.id)
            try peer.expect(BasicPublish.id)
            let body = [UInt8](repeating: 1, count: 128 * 1024)
            // Until the client is gone: sixteen MiB and what is under way.
            for tag in 1...1000 {
                guard (try? peer.send(BasicDeliver(consumerTag: "c1", deliveryTag: UInt64(tag)), body: body)) != nil
                else { return }
            }
            throw SupportError("the client took everything")
        } _: { connection, channel in
            let consumer = try await channel.consume("q", prefetch: 0)
            let publish = try await channel.publishing([], to: "e")
            guard case .unknown(let reason) = await publish.outcome else {
                Issue.record("the outcome is not unknown")
                return
            }
            #expect(reason.code == .unreadDeliveries)
            #expect(await connection.state == .closed(reason))
            let end = await #expect(throws: AMQPError.self) { while try await consumer.next() != nil {} }
            #expect(end?.code == .unreadDeliveries)
        }
    }

    @Test("behaviour 27: a reader that takes nothing stops the reading of the socket; closing works all the same")
    func slowReader() async throws {
        var configuration = AMQPConfiguration.alone
        configuration.deliveryBufferOctets = 1 << 20
        let total = 64
        try await PublishingTests.withChannel(configuration) { peer in
            try peer.expect(BasicQos.id)
            try peer.send(BasicQosOk())
            try peer.expect(BasicConsume.id)
            try peer.send(BasicConsumeOk(consumerTag: "c1"))
            let body = [UInt8](repeating: 1, count: 128 * 1024)
            for tag in 1...total {
                try peer.send(BasicDeliver(consumerTag: "c1", deliveryTag: UInt64(tag)), body: body)
            }
            try peer.farewell()
        } _: { connection, channel in
            let consumer = try await channel.consume("q", prefetch: 0)
            try await eventually("reading stops") { await connection.isReadingPaused }
            // 1 MiB and what one read may bring.
            #expect(consumer.waiting <= 12)
            var seen: UInt64 = 0
            for _ in 0..<20 {
                let delivery = try #require(try await consumer.next())
                #expect(delivery.deliveryTag == seen + 1)
                seen = delivery.deliveryTag
            }
            try await eventually("reading stops again") { await connection.isReadingPaused }
            #expect(consumer.waiting <= 12)
        }
    }

    @Test(
        "seven 7: an oversized frame of any other kind ends the connection",
        arguments: [
            // frame_max is 131072: one octet more than a payload may have, as method, body and heartbeat.
            [1, 0, 1, 0, 1, 0xFF, 0xF9], [3, 0, 1, 0, 1, 0xFF, 0xF9], [8, 0, 0, 0, 1, 0xFF, 0xF9],
        ] as [[UInt8]])
    func otherLargeFrames(_ head: [UInt8]) async throws {
        try await PublishingTests.withChannel { peer in
            try peer.expect(BasicGet.id)
            // The size alone is enough: the rest never comes.
            try peer.write(head)
            try peer.expect { if case .connectionClose(let close) = $0, close.replyCode == 501 { () } else { nil } }
        } _: { _, channel in
            let error = await #expect(throws: AMQPError.self) { try await channel.get("q") }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test("seven 7: an oversized header frame is read")
    func largeHeader() async throws {
        let headers: FieldTable = ["x-death": .string(String(repeating: "d", count: 300_000))]
        try await PublishingTests.withChannel { peer in
            try peer.expect(BasicGet.id)
            var buffer = ByteBuffer()
            try [UInt8](repeating: 3, count: 10).withUnsafeBytes {
                try buffer.append(
                    BasicGetOk(deliveryTag: 1), properties: BasicProperties(headers: headers), body: $0, channel: 1,
                    frameMax: 1 << 20)
            }
            try peer.write(buffer.array)
            try peer.farewell()
        } _: { _, channel in
            let delivery = try #require(try await channel.get("q"))
            #expect(delivery.properties.headers == headers)
            #expect(delivery.body == [UInt8](repeating: 3, count: 10))
        }
    }
}
