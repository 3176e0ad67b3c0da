import AMQP
import Support
import Testing

@Suite("RabbitMQ: processing deliveries", .timeLimit(.minutes(2)))
struct AMQPProcessTests {
    struct Failure: Error {}

    /// A policy, and how many messages are left in the queue after one failure and after a second.
    static let policies: [(AMQPDelivery.FailurePolicy, left: [Int])] = [
        (.requeue, [1, 1]), (.requeueOnce, [1, 0]), (.reject, [0, 0]),
    ]

    @Test("a message whose processing fails goes where the policy says", arguments: policies)
    func failures(_ policy: AMQPDelivery.FailurePolicy, _ left: [Int]) async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("q").name
            try await channel.publish([1], to: "", routingKey: queue)
            for count in left {
                if let delivery = try await channel.get(queue) {
                    await #expect(throws: Failure.self) {
                        try await delivery.process(onFailure: policy) { _ in throw Failure() }
                    }
                }
                try await eventually("settled") { try await channel.checkQueue(queue).messageCount == count }
            }
        }
    }

    @Test("who is cancelled has not failed: the message comes again", arguments: policies.map(\.0))
    func cancelled(_ policy: AMQPDelivery.FailurePolicy) async throws {
        try await withTestChannel { _, channel in
            let queue = try await channel.declareQueue("q").name
            try await channel.publish([1], to: "", routingKey: queue)
            for _ in 0..<3 {
                let delivery = try #require(try await channel.get(queue))
                let work = Task {
                    try await delivery.process(onFailure: policy) { _ in
                        while !Task.isCancelled { await Task.yield() }
                        throw Failure()
                    }
                }
                work.cancel()
                await #expect(throws: Failure.self) { try await work.value }
                try await eventually("requeued") { try await channel.checkQueue(queue).messageCount == 1 }
            }
        }
    }
}
