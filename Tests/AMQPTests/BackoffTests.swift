import AMQPWire
import Testing

@testable import AMQP

@Suite("Backoff and topology")
struct BackoffTests {
    struct Fixed: RandomNumberGenerator {
        var value: UInt64
        mutating func next() -> UInt64 { value }
    }

    @Test("delays double up to the ceiling, and jitter only shortens them")
    func delays() {
        var settings = AMQPConfiguration.Recovery()
        settings.initialDelay = .milliseconds(100)
        settings.ceiling = .seconds(1)
        settings.jitter = 0
        var backoff = Backoff(settings)
        #expect((0..<6).map { _ in backoff.next() } == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        backoff.reset()
        #expect(backoff.next() == .milliseconds(100))
        settings.jitter = 0.5
        var jittered = Backoff(settings)
        for attempt in 0..<100 {
            let delay = jittered.next()
            let full = min(Duration.milliseconds(100 << min(attempt, 10)), .seconds(1))
            #expect(delay >= full / 2 && delay <= full)
        }
    }

    @Test("many attempts and extreme settings do not overflow")
    func extremes() {
        var settings = AMQPConfiguration.Recovery()
        settings.initialDelay = .zero
        var backoff = Backoff(settings)
        for _ in 0..<10_000 { #expect(backoff.next() == .zero) }
    }

    @Test("deleting and unbinding forget what would come back, and renaming follows everywhere")
    func topology() {
        var topology = Topology()
        topology.declared(ExchangeDeclare(exchange: "e", type: "direct", autoDelete: true))
        topology.declared(ExchangeDeclare(exchange: "f", type: "fanout"))
        topology.declared(QueueDeclare(), as: "amq.gen-1")
        topology.declared(QueueDeclare(queue: "q", autoDelete: true), as: "q")
        topology.bound(Binding(.queue, "amq.gen-1", "e", "k", [:]))
        topology.bound(Binding(.queue, "q", "f", "", [:]))
        topology.bound(Binding(.queue, "q", "f", "", [:]))
        topology.bound(Binding(.exchange, "f", "e", "", [:]))
        #expect(topology.bindings.count == 3)
        topology.renamed("amq.gen-1", to: "amq.gen-2")
        #expect(topology.queues.first?.isServerNamed == true)
        #expect(topology.bindings.first?.destination == "amq.gen-2")
        // The last consumer takes an auto-delete queue and its bindings with it.
        topology.consumerStarted(queue: "q")
        topology.consumerEnded(queue: "q")
        #expect(topology.queues.map(\.method.queue) == ["amq.gen-2"])
        #expect(topology.bindings.count == 2)
        // The last binding takes an auto-delete exchange with it.
        topology.unbound(Binding(.exchange, "f", "e", "", [:]))
        topology.queueDeleted("amq.gen-2")
        #expect(topology.exchanges.map(\.exchange) == ["f"])
        #expect(topology.bindings.isEmpty)
    }
}
