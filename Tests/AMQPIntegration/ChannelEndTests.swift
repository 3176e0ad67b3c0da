import AMQP
import Support
import Testing

@Suite("RabbitMQ: channels that end", .timeLimit(.minutes(3)))
struct AMQPChannelEndTests {
    /// How publishes of one channel ended.
    struct Tally: Sendable {
        var confirmed = 0
        var unknown = 0
        /// Not sent, since the channel was closed before.
        var failed = 0

        /// Neither of these, or for another reason than the 404.
        var wrong: [String] = []

        mutating func note(_ outcome: PublishOutcome) {
            switch outcome {
            case .confirmed: confirmed += 1
            case .unknown(let reason) where Self.isNotFound(reason): unknown += 1
            default: wrong.append("\(outcome)")
            }
        }

        mutating func note(_ error: any Error) {
            if let error = error as? AMQPError, Self.isNotFound(error) { failed += 1 } else { wrong.append("\(error)") }
        }

        static func isNotFound(_ error: AMQPError) -> Bool {
            error.code == .notFound && error.reply?.code == .notFound
        }

        var sum: Int { confirmed + unknown + failed }
    }

    @Test("behaviour 13: publishes that race the close of their channel have one outcome each", arguments: 0..<5)
    func race(_ round: Int) async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("q").name
            let doomed = try await connection.openChannel()
            let (tasks, each) = (8, 100)
            let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
                for task in 0..<tasks {
                    group.addTask {
                        var tally = Tally()
                        var handles: [PendingPublish] = []
                        for number in 0..<each {
                            let isFatal = task == round && number == each / 2
                            do {
                                handles.append(
                                    try await doomed.publishing(
                                        [UInt8(number)], to: isFatal ? "missing" : "", routingKey: queue))
                            } catch {
                                tally.note(error)
                            }
                        }
                        for handle in handles {
                            let outcome = await handle.outcome
                            tally.note(outcome)
                            // It stays what it is.
                            #expect(handle.current == outcome)
                        }
                        return tally
                    }
                }
                // Another channel is in use all the time.
                for _ in 0..<50 { try await channel.publish([0xFF], to: "", routingKey: queue) }
                return try await group.reduce(into: Tally()) {
                    $0.confirmed += $1.confirmed
                    $0.unknown += $1.unknown
                    $0.failed += $1.failed
                    $0.wrong += $1.wrong
                }
            }
            #expect(tally.wrong == [])
            #expect(tally.sum == tasks * each)
            #expect(tally.unknown > 0)
            let metrics = await connection.metrics
            #expect(metrics.confirmed == tally.confirmed + 50 && metrics.unknown == tally.unknown)
            let later = await #expect(throws: AMQPError.self) {
                try await doomed.publish([], to: "", routingKey: queue)
            }
            #expect(later?.code == .notFound)
            #expect(later?.reply?.code == .notFound)
            #expect(later?.reply?.text.contains("missing") == true)
            // The broker has all that it confirmed, and at most what nobody knows besides.
            let held = try await channel.checkQueue(queue).messageCount - 50
            #expect(held >= tally.confirmed && held <= tally.confirmed + tally.unknown)
        }
    }

    @Test("behaviour 12: what is under way on a channel that the broker closes fails with its words, nothing elsewhere")
    func underWay() async throws {
        try await withTestChannel { connection, channel in
            let queue = try await channel.declareQueue("q").name
            let bystander = try await channel.consume(queue)
            let doomed = try await connection.openChannel()
            let consumer = try await doomed.consume(queue, prefetch: 1)
            let reading = Task { try await consumer.next() }
            let fatal = try await doomed.publishing([], to: "missing")
            let confirm = Task { await fatal.outcome }
            let request = Task { try await doomed.declareQueue("other") }
            for failure in [await error(of: reading), await error(of: request)] {
                #expect(failure?.code == .notFound)
                #expect(failure?.reply?.code == .notFound)
            }
            guard case .unknown(let reason) = await confirm.value else {
                Issue.record("the publish is not unknown")
                return
            }
            #expect(reason.reply?.code == .notFound && reason.reply?.text.contains("missing") == true)
            try await channel.publish([1], to: "", routingKey: queue)
            #expect(try await bystander.next()?.body == [1])
            #expect(await connection.metrics.connected == 1)
        }
    }

    @Test(
        "behaviour 15: a channel closed here while the broker closes it: both end, the number is free, nothing else ends"
    )
    func bothClose() async throws {
        let broker = try await RabbitMQBroker.shared()
        // With two numbers each is used again and again.
        // Long enough to be noticed: RabbitMQ does not always answer a close that crosses its own.
        var configuration = AMQPConfiguration()
        configuration.closeTimeout = .seconds(60)
        let url = broker.url + "?channel_max=2"
        let start = ContinuousClock.now
        try await AMQPConnection.withConnection(url, configuration: configuration) { connection in
            let bystander = try await connection.openChannel()
            for round in 0..<200 {
                let channel = try await connection.openChannel()
                let publish = try await channel.publishing([], to: "missing")
                if round % 2 == 1 { _ = try? await channel.checkQueue("missing too") }
                await channel.close()
                guard case .unknown = await publish.outcome else {
                    Issue.record("the publish is not unknown")
                    return
                }
                #expect(await channel.isOpen == false)
            }
            #expect(await bystander.isOpen)
            #expect(await connection.metrics.connected == 1)
        }
        #expect(ContinuousClock.now - start < .seconds(55))
    }

    @Test("behaviour 15: a connection closed here while the broker closes it")
    func bothCloseConnection() async throws {
        let broker = try await RabbitMQBroker.start()
        for _ in 0..<20 {
            let connection = try await AMQPConnection.connect(broker.url)
            let channel = try await connection.openChannel()
            async let there: Void = broker.closeConnections()
            await withTaskGroup { group in
                for _ in 0..<20 { group.addTask { await connection.close() } }
                group.addTask { await channel.close() }
            }
            #expect(await connection.state == .closed(nil))
            try await there
        }
        try await eventually("no connection is left") { try await broker.connectionCount() == 0 }
        try await broker.dispose()
    }
}

private func error<Value>(of task: Task<Value, any Error>) async -> AMQPError? {
    do {
        _ = try await task.value
        return nil
    } catch {
        return error as? AMQPError
    }
}
