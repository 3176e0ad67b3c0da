import AMQP
import AMQPWire
import EventLoop

extension ClientRun {
    /// How many operations may be under way.
    private static let limit = 64

    /// Starts the operation that `code` and the choices behind it name, in a task of its own.
    func perform(_ code: Int) {
        guard let connection, tasks.count < Self.limit else { return }
        let which = code / 32
        let channel = channels.isEmpty ? nil : channels[(channels.count - 1) * which / 2]
        let argument = choices.octet()
        switch code % 32 {
        case 0...1: start { run in if let opened = try? await connection.openChannel() { await run.keep(opened) } }
        case 2:
            if let task = tasks.dropFirst().randomOne(argument) { task.cancel() }
        case 3: start { _ in await connection.close() }
        case 4: start { _ in try await connection.updateSecret("secret", reason: "fuzz") }
        case 5: settle(argument)
        default:
            guard let channel else { return start { run in try await run.keep(connection.openChannel()) } }
            onChannel(code % 32, channel, argument)
        }
    }

    private func start(_ operation: @escaping @Sendable (ClientRun) async throws -> Void) {
        tasks.append(Task(executorPreference: loop) { try? await operation(self) })
    }

    func keep(_ channel: AMQPChannel) { channels.append(channel) }
    func keep(_ consumer: AMQPConsumer) { consumers.append(consumer) }
    func keep(_ delivery: AMQPDelivery) { deliveries.append(delivery) }
    func keep(_ publish: PendingPublish) { publishes.append(publish) }
    func countSent() { sent += 1 }

    private func onChannel(_ code: Int, _ channel: AMQPChannel, _ argument: UInt8) {
        let name = argument & 1 == 0 ? "q" : ""
        switch code {
        case 6: start { _ in await channel.close() }
        case 7: start { _ in try await channel.declareExchange("e", type: .topic, autoDelete: argument & 1 != 0) }
        case 8: start { _ in try await channel.deleteExchange("e") }
        case 9: start { _ in try await channel.declareQueue(name, autoDelete: argument & 2 != 0) }
        case 10: start { _ in try await channel.deleteQueue("q") }
        case 11: start { _ in try await channel.bindQueue("q", to: "e", routingKey: "k") }
        case 12: start { _ in try await channel.unbindQueue("q", from: "e", routingKey: "k") }
        case 13: start { _ in try await channel.bindExchange("e", to: "f") }
        case 14: start { _ in _ = try await channel.checkQueue("q") }
        case 15: start { _ in try await channel.purgeQueue("q") }
        case 16: start { _ in try await channel.setSharedPrefetch(UInt16(argument)) }
        case 17: start { _ in try await channel.recover() }
        case 18: start { _ in try await channel.selectTransactions() }
        case 19: start { _ in argument & 1 == 0 ? try await channel.commit() : try await channel.rollback() }
        case 20...21: consume(channel, argument)
        case 22:
            guard let consumer = consumers.randomOne(argument) else { return }
            start { _ in try await consumer.cancel() }
        case 23:
            start { run in
                if let got = try await channel.get("q", acknowledges: argument & 1 == 0) { await run.keep(got) }
            }
        case 24: send(channel, argument)
        case 28: batch(channel, argument)
        case 25: start { _ in for await _ in channel.connection.events() {} }
        default: publish(channel, argument, count: code == 26 ? 40 : 1)
        }
    }

    private func consume(_ channel: AMQPChannel, _ argument: UInt8) {
        // Some consumers are read to the end, some never.
        let isRead = argument & 1 == 0
        start { run in
            let consumer = try await channel.consume(
                "q", prefetch: UInt16(argument >> 4), acknowledges: argument & 2 == 0, exclusive: argument & 4 != 0,
                tag: argument & 8 == 0 ? nil : "tag")
            await run.keep(consumer)
            guard isRead else { return }
            while argument & 32 != 0 {
                let batch = try await consumer.nextBatch(limit: 4)
                if batch.isEmpty { return }
                for delivery in batch { await run.keep(delivery) }
            }
            for try await delivery in consumer {
                _ = delivery.properties
                await run.keep(delivery)
            }
        }
    }

    private func publish(_ channel: AMQPChannel, _ argument: UInt8, count: Int) {
        let body = [UInt8](repeating: 0x70, count: choices.bodySize())
        let properties = argument & 4 == 0 ? BasicProperties() : BasicProperties(headers: ["a": ["b": 1]], priority: 3)
        start { run in
            for _ in 0..<count {
                let publish = try await channel.publishing(
                    body, to: "e", routingKey: "k", properties: properties, mandatory: argument & 1 != 0,
                    within: argument & 2 == 0 ? nil : .milliseconds(1))
                await run.keep(publish)
                if argument & 8 != 0 { _ = await publish.outcome }
            }
        }
    }

    private func batch(_ channel: AMQPChannel, _ argument: UInt8) {
        let bodies = (0..<choices.octet()).map { [UInt8](repeating: 0x62, count: Int($0)) }
        start { _ in
            _ = await channel.publish(
                batch: bodies, to: "e", routingKey: "k", mandatory: argument & 1 != 0,
                within: argument & 2 == 0 ? nil : .milliseconds(1))
        }
    }

    private func send(_ channel: AMQPChannel, _ argument: UInt8) {
        let body = [UInt8](repeating: 0x73, count: Int(argument))
        start { run in
            try await channel.send(body, to: "e", mandatory: argument & 1 != 0)
            await run.countSent()
        }
    }

    private func settle(_ argument: UInt8) {
        guard let delivery = deliveries.randomOne(argument >> 3) else { return }
        let multiple = argument & 4 != 0
        start { _ in
            switch argument & 3 {
            case 0, 1: try await delivery.ack(multiple: multiple)
            case 2: try await delivery.nack(requeue: true, multiple: multiple)
            default: try await delivery.reject(requeue: false)
            }
        }
    }
}

extension Collection {
    fileprivate func randomOne(_ choice: UInt8) -> Element? {
        isEmpty ? nil : self[index(startIndex, offsetBy: Int(choice) % count)]
    }
}

/// What the client does while the broker sends the octets of a recorded conversation.
func scene(_ connection: AMQPConnection) async {
    do {
        try await connection.withChannel { channel in
            try await channel.declareExchange("fuzz", type: .direct, durable: false, autoDelete: true)
            let queue = try await channel.declareQueue("", durable: false, exclusive: true).name
            try await channel.bindQueue(queue, to: "fuzz", routingKey: "k")
            for size in [0, 5, 300] {
                try await channel.publish(
                    [UInt8](repeating: 0x62, count: size), to: "fuzz", routingKey: "k",
                    properties: BasicProperties(
                        contentType: "text/plain", headers: ["n": 1, "list": [true, nil, 2.5]]))
            }
            _ = try? await channel.publish([1], to: "fuzz", routingKey: "nowhere", mandatory: true)
            try await channel.get(queue)?.ack()
            _ = try await channel.get("", acknowledges: false)
            let consumer = try await channel.consume(queue, prefetch: 10)
            try await consumer.next()?.reject(requeue: true)
            try await consumer.next()?.ack()
            try await consumer.cancel()
            try await channel.deleteQueue(queue)
        }
        try await connection.withChannel { channel in
            // The broker closes the channel.
            _ = try? await channel.checkQueue("no-such-queue")
        }
        try await connection.withChannel { channel in
            try await channel.selectTransactions()
            try await channel.commit()
        }
    } catch {}
    await connection.close()
}
