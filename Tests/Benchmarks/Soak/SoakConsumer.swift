import AMQP
import Support

/// Takes the messages of one queue at a changing pace and settles them in every way there is.
struct SoakConsumer {
    let client: SoakClient
    let soak: Soak
    let orders: SoakOrders
    let queue: String
    private var generator: SplitMix64

    init(_ client: SoakClient, _ soak: Soak, _ orders: SoakOrders, queue: String, seed: UInt64) {
        self.client = client
        self.soak = soak
        self.orders = orders
        self.queue = queue
        generator = SplitMix64(seed: seed)
    }

    mutating func run() async {
        while !soak.consumersEnd {
            guard let connection = client.connection else {
                try? await Task.sleep(for: .milliseconds(50))
                continue
            }
            do {
                let channel = try await connection.openChannel()
                soak.track(channel)
                do {
                    try await channel.declareQueue(queue)
                    while !soak.consumersEnd { try await consume(on: channel) }
                    await channel.close()
                } catch {
                    await channel.close()
                    throw error
                }
            } catch {
                await soak.failed(error, orders.name)
            }
        }
    }

    /// Until an order, the end of the consumer, or the end of the soak.
    private mutating func consume(on channel: AMQPChannel) async throws {
        let prefetch = UInt16.random(in: 1...200, using: &generator)
        let consumer = try await channel.consume(queue, prefetch: prefetch)
        // Woken by its end, since a queue may be empty for long.
        let ending = Task { [soak, orders] in
            while !soak.consumersEnd, !orders.take(.cancelConsumer), !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(100))
            }
            while !Task.isCancelled {
                do { return try await consumer.cancel() } catch { try? await Task.sleep(for: .milliseconds(100)) }
            }
        }
        do {
            if Bool.random(using: &generator) {
                while let delivery = try await consumer.next() { try await take(delivery) }
            } else {
                while case let batch = try await consumer.nextBatch(limit: 32), !batch.isEmpty {
                    try await take(batch)
                }
            }
        } catch {
            ending.cancel()
            await ending.value
            throw error
        }
        ending.cancel()
        await ending.value
    }

    private func note(_ delivery: AMQPDelivery) {
        orders.step()
        guard queue != Soak.victim else { return }
        guard let id = SoakMessage.id(delivery.body) else {
            return soak.ledger.violate("a damaged message of \(delivery.body.count) octets from \(queue)")
        }
        soak.ledger.received(id, redelivered: delivery.redelivered)
    }

    private func note(_ settlement: AMQPDelivery.Settlement) {
        if settlement == .stale { soak.count(\.staleSettlements) }
    }

    private mutating func pause() async {
        if orders.take(.beSlow) {
            try? await Task.sleep(for: .milliseconds(Int.random(in: 1000...4000, using: &generator)))
        } else if Int.random(in: 0..<50, using: &generator) == 0 {
            try? await Task.sleep(for: .milliseconds(Int.random(in: 1...40, using: &generator)))
        }
    }

    private mutating func take(_ delivery: AMQPDelivery) async throws {
        note(delivery)
        await pause()
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<2: note(try await delivery.nack(requeue: true))
        case 2: note(try await delivery.reject(requeue: true))
        case 3: try await settleTwice(delivery)
        default: note(try await delivery.ack())
        }
    }

    private mutating func take(_ batch: [AMQPDelivery]) async throws {
        for delivery in batch { note(delivery) }
        await pause()
        guard let last = batch.last else { return }
        note(try await last.ack(multiple: true))
    }

    /// The second time is refused here: the channel lives on.
    private func settleTwice(_ delivery: AMQPDelivery) async throws {
        note(try await delivery.ack())
        do throws(AMQPError) {
            note(try await delivery.ack())
            // Stale if the channel was lost meanwhile.
        } catch {
            guard error.code == .alreadySettled else { throw error }
        }
    }
}
