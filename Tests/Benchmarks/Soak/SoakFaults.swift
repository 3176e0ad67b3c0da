import AMQP
import Support

/// What can go wrong, chosen at random from a seed, one after the other with pauses of quiet between.
struct SoakFaults {
    enum Fault: String, CaseIterable, Sendable {
        case reset, goodbye, cutMidway, freeze, swallow, throttle, chop, refuse
        case stopBroker, killBroker, closeConnections, memoryAlarm
        case publishToMissingExchange, declareOtherwise, checkMissingQueue, deleteQueue
        case cancelConsumer, slowConsumer, replaceConnection, cancelledRequest

        /// How often it comes up, against the others.
        var weight: Int {
            switch self {
            case .stopBroker, .killBroker: 1
            case .freeze, .swallow, .throttle, .memoryAlarm: 2
            default: 3
            }
        }
    }

    let soak: Soak
    let clients: [SoakClient]
    let publishers: [SoakOrders]
    let consumers: [SoakOrders]
    private(set) var counts: [String: Int] = [:]
    private var generator: SplitMix64

    init(_ soak: Soak, _ clients: [SoakClient], publishers: [SoakOrders], consumers: [SoakOrders], seed: UInt64) {
        self.soak = soak
        self.clients = clients
        self.publishers = publishers
        self.consumers = consumers
        generator = SplitMix64(seed: seed)
    }

    mutating func run(until end: ContinuousClock.Instant) async {
        let bag = Fault.allCases.flatMap { Array(repeating: $0, count: $0.weight) }
        while ContinuousClock.now < end {
            // All choices first, so that a seed gives the same row of faults however long each takes.
            let fault = bag[pick(bag.count)]
            let client = clients[pick(clients.count)]
            let (publisher, consumer) = (publishers[pick(publishers.count)], consumers[pick(consumers.count)])
            let (number, quiet) = (pick(1000), pick(3000))
            counts[fault.rawValue, default: 0] += 1
            do {
                try await bring(fault, client, publisher, consumer, number)
            } catch {
                soak.ledger.violate("fault \(fault): \(error)")
            }
            try? await Task.sleep(for: .milliseconds(500 + quiet))
        }
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }

    /// - Parameter number: 0 to 999, for what the fault has to choose.
    private func bring(
        _ fault: Fault, _ client: SoakClient, _ publisher: SoakOrders, _ consumer: SoakOrders, _ number: Int
    ) async throws {
        let direction: Proxy.Direction = number.isMultiple(of: 2) ? .toServer : .toClient
        let broker = soak.broker
        // Longer than two heartbeats of two seconds.
        let long = Duration.milliseconds(5000 + number)
        switch fault {
        case .reset: client.proxy.cutAll(.reset)
        case .goodbye: client.proxy.cutAll(.goodbye)
        case .cutMidway: client.proxy.cut(after: 1 + number * 7, direction)
        case .freeze: try await change(client, for: long) { $0.flow = .stop }
        case .swallow:
            client.proxy.swallow()
            try await Task.sleep(for: long)
            // What was swallowed is missing in the stream: nobody may go on with it.
            client.proxy.cutAll(.reset)
            client.proxy.resume()
        case .throttle: try await change(client, for: .seconds(3)) { $0.octetsPerSecond = 5000 + 50 * number }
        case .chop: try await change(client, for: .seconds(3)) { $0.pieceMax = 1 + number % 50 }
        case .refuse:
            client.proxy.refuse()
            client.proxy.cutAll(.reset)
            try await Task.sleep(for: .milliseconds(500 + 2 * number))
            try client.proxy.accept()
        case .stopBroker, .killBroker:
            soak.ledger.brokerStops()
            if fault == .stopBroker { try await broker.stop() } else { try await broker.kill() }
            try await Task.sleep(for: .milliseconds(2 * number))
            try await broker.startAgain()
        case .closeConnections: try await broker.closeConnections(reason: "closed by the soak")
        case .memoryAlarm:
            try await broker.setMemoryAlarm(true)
            try await Task.sleep(for: .milliseconds(1000 + 3 * number))
            try await broker.setMemoryAlarm(false)
        case .publishToMissingExchange: publisher.give(.publishToMissingExchange)
        case .declareOtherwise:
            try await expect(.preconditionFailed, client) { try await $0.declareQueue(Soak.queues[0], durable: false) }
        case .checkMissingQueue:
            try await expect(.notFound, client) { _ = try await $0.checkQueue("soak.missing") }
        case .deleteQueue: try await broker.deleteQueueIfThere(Soak.victim)
        case .cancelConsumer: consumer.give(.cancelConsumer)
        case .slowConsumer: consumer.give(.beSlow)
        case .replaceConnection: await client.replace()
        case .cancelledRequest: try await cancelRequests(client, number)
        }
    }

    private func change(
        _ client: SoakClient, for time: Duration, _ rules: @escaping @Sendable (inout Proxy.Rules) -> Void
    ) async throws {
        client.proxy.change(nil, rules)
        try await Task.sleep(for: time)
        client.proxy.change { $0 = Proxy.Rules() }
    }

    /// The request ends its channel with this code, unless the connection is away just then.
    private func expect(
        _ code: ReplyCode, _ client: SoakClient, _ request: @Sendable (AMQPChannel) async throws -> Void
    ) async throws {
        do {
            guard let channel = try await client.connection?.openChannel() else { return }
            soak.track(channel)
            do {
                try await request(channel)
                soak.ledger.violate("the broker accepts what it should answer with \(code)")
            } catch let error as AMQPError where error.reply?.code == code {
                if await channel.isOpen { soak.ledger.violate("a channel is open after \(error)") }
            }
            await channel.close()
        } catch let error as AMQPError where SoakFailure.isExpected(error) {}
    }

    /// Requests whose tasks are cancelled in the middle, and one after them that gets its own answer.
    private func cancelRequests(_ client: SoakClient, _ number: Int) async throws {
        do {
            guard let channel = try await client.connection?.openChannel() else { return }
            soak.track(channel)
            for round in 0..<20 {
                let request = Task { try await channel.declareQueue(Soak.queues[round % Soak.queues.count]) }
                try await Task.sleep(for: .microseconds(number))
                request.cancel()
                _ = await request.result
                let name = Soak.queues[(round + 1) % Soak.queues.count]
                let answer = try await channel.declareQueue(name)
                if answer.name != name { soak.ledger.violate("declared \(name), got the answer of \(answer.name)") }
            }
            await channel.close()
        } catch let error as AMQPError where SoakFailure.isExpected(error) {}
    }

    /// Puts everything right again.
    func heal() async throws {
        for client in clients {
            client.proxy.cut(after: nil)
            client.proxy.cut(after: nil, .toClient)
            client.proxy.change { $0 = Proxy.Rules() }
            try client.proxy.accept()
        }
    }
}

extension RabbitMQBroker {
    fileprivate func deleteQueueIfThere(_ name: String) async throws {
        guard try await queue(name) != nil else { return }
        try await deleteQueue(name)
    }

    /// Channels that are open, of all connections.
    func channelCount() async throws -> Int { Int(try await evaluate("length(rabbit_channel:list())")) ?? -1 }
}
