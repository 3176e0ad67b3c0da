import AMQP
import Support

/// Publishes in every way there is, and asks for the outcome of every message.
struct SoakPublisher {
    let client: SoakClient
    let soak: Soak
    let orders: SoakOrders
    private var generator: SplitMix64
    /// Messages of unknown outcome that are to be published again.
    private var again: [Int] = []
    private var pending: [(id: Int, publish: PendingPublish, to: SoakLedger.Destination)] = []

    init(_ client: SoakClient, _ soak: Soak, _ orders: SoakOrders, seed: UInt64) {
        self.client = client
        self.soak = soak
        self.orders = orders
        generator = SplitMix64(seed: seed)
    }

    mutating func run() async {
        while !soak.publishersEnd {
            guard let connection = client.connection else {
                try? await Task.sleep(for: .milliseconds(50))
                continue
            }
            do {
                let channel = try await connection.openChannel()
                soak.track(channel)
                await publish(on: channel)
                await settleAll()
                await channel.close()
            } catch {
                await soak.failed(error, orders.name)
            }
        }
    }

    /// Until the channel cannot be used any more.
    private mutating func publish(on channel: AMQPChannel) async {
        while !soak.publishersEnd {
            do throws(AMQPError) {
                for _ in 0..<Int.random(in: 1...40, using: &generator) { try await publishSomething(on: channel) }
            } catch {
                await soak.failed(error, orders.name)
                switch error.code {
                case .notConnected, .timeout, .blocked, .publishUnknown: break
                default: return
                }
            }
            orders.step()
            try? await Task.sleep(for: .milliseconds(Int.random(in: 50...250, using: &generator)))
        }
    }

    private mutating func publishSomething(on channel: AMQPChannel) async throws(AMQPError) {
        if orders.take(.publishToMissingExchange) {
            return try await pipeline(on: channel, to: .missingExchange)
        }
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<10: try await publishAndWait(on: channel)
        case 10..<15: await publishBatch(on: channel)
        case 15..<18: try await pipeline(on: channel, to: .noQueue)
        default: try await pipeline(on: channel, to: .queue)
        }
    }

    private mutating func next() -> (id: Int, isAgain: Bool)? {
        if let id = again.popLast() { return (id, true) }
        return soak.ledger.begin().map { ($0, false) }
    }

    private mutating func key() -> String { Soak.queues[Int.random(in: 0..<Soak.queues.count, using: &generator)] }

    private mutating func pipeline(on channel: AMQPChannel, to destination: SoakLedger.Destination)
        async throws(AMQPError)
    {
        while let first = pending.first, pending.count >= 48 || first.publish.current != nil { await settle(first) }
        guard let (id, isAgain) = destination == .queue ? next() : soak.ledger.begin().map({ ($0, false) }) else {
            return
        }
        let mandatory = destination == .noQueue || Bool.random(using: &generator)
        let limit: Duration? = Bool.random(using: &generator) ? .seconds(3) : nil
        let (exchange, key) =
            switch destination {
            case .queue: (Soak.exchange, key())
            case .noQueue: (Soak.exchange, "nowhere")
            case .missingExchange: ("soak.missing", "")
            }
        soak.ledger.publishes(id, again: isAgain)
        do throws(AMQPError) {
            let publish = try await channel.publishing(
                SoakMessage.body(id), to: exchange, routingKey: key,
                properties: BasicProperties(deliveryMode: .persistent), mandatory: mandatory, within: limit)
            pending.append((id, publish, destination))
        } catch {
            soak.ledger.notSent(id)
            throw error
        }
    }

    private mutating func publishAndWait(on channel: AMQPChannel) async throws(AMQPError) {
        guard let (id, isAgain) = next() else { return }
        soak.ledger.publishes(id, again: isAgain)
        do throws(AMQPError) {
            try await channel.publish(
                SoakMessage.body(id), to: Soak.exchange, routingKey: key(),
                properties: BasicProperties(deliveryMode: .persistent))
            soak.ledger.ended(id, .confirmed, .queue)
        } catch {
            switch error.code {
            case .publishUnknown: ended(id, .unknown(error), .queue)
            case .publishRefused, .publishReturned: ended(id, .refused(error), .queue)
            default: soak.ledger.notSent(id)
            }
            throw error
        }
    }

    private mutating func publishBatch(on channel: AMQPChannel) async {
        var ids: [Int] = []
        for _ in 0..<Int.random(in: 2...40, using: &generator) {
            guard let (id, isAgain) = next() else { break }
            soak.ledger.publishes(id, again: isAgain)
            ids.append(id)
        }
        let outcomes = await channel.publish(
            batch: ids.map(SoakMessage.body), to: Soak.exchange, routingKey: key(),
            properties: BasicProperties(deliveryMode: .persistent))
        if outcomes.count != ids.count { soak.ledger.violate("\(ids.count) messages, \(outcomes.count) outcomes") }
        for (id, outcome) in zip(ids, outcomes) { ended(id, outcome, .queue) }
    }

    private mutating func settle(_ first: (id: Int, publish: PendingPublish, to: SoakLedger.Destination)) async {
        pending.removeFirst()
        ended(first.id, await first.publish.outcome, first.to)
    }

    private mutating func settleAll() async {
        while let first = pending.first { await settle(first) }
    }

    private mutating func ended(_ id: Int, _ outcome: PublishOutcome, _ destination: SoakLedger.Destination) {
        soak.ledger.ended(id, outcome, destination)
        if case .unknown = outcome, destination == .queue, Bool.random(using: &generator), again.count < 1000 {
            again.append(id)
        }
    }
}
