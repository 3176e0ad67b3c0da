import AMQP
import Delivery
import Messaging
import Support
import Testing

extension DeadLetterQueueTests {
    @Test("loses no message wherever the connection is cut while one is sent again")
    func cuts() async throws {
        try await Fixture.withQueue { fixture, queue in
            let proxy = try Proxy(to: fixture.broker.port)
            defer { proxy.close() }
            let url = fixture.broker.url(virtualHost: fixture.virtualHost, port: proxy.port)
            try await fixture.withQueue(url: url) { throughProxy in
                for number in 0..<3 { try await fixture.publish(number) }
                let letters = try await queue.list().letters
                let before = Proxy.Direction.allCases.map { proxy.octets($0) }
                _ = try await throughProxy.replay(letters[1].id)
                let octets = Proxy.Direction.allCases.map { proxy.octets($0) - before[$0.rawValue] }
                var outcomes: Set<[Int]> = []
                for direction in Proxy.Direction.allCases {
                    for step in 1...16 {
                        try await fixture.refill()
                        proxy.cut(after: octets[direction.rawValue] * step / 17, direction)
                        let replayed = try? await throughProxy.replay(letters[1].id)
                        proxy.cut(after: nil, direction)
                        let left = try await fixture.bodies()
                        let copies = left.orders.filter { $0 == "poison 1" }.count
                        #expect(left.orders.count == copies)
                        #expect(left.dead.filter { $0 != "poison 1" } == ["poison 0", "poison 2"])
                        #expect(left.dead.count + copies >= 3, "\(direction) \(step)")
                        if replayed != nil { #expect(left.dead.count == 2 && copies == 1) }
                        outcomes.insert([left.dead.count, copies])
                    }
                }
                // Before the broker had the copy, and between the copy and the acknowledgement.
                #expect(outcomes.isSuperset(of: [[3, 0], [3, 1]]), "\(outcomes)")
            }
        }
    }

    enum Trouble: CaseIterable { case refuses, isSilent, hasNoSuchHost }

    @Test("says within two seconds that the broker is away, and works when it is back", arguments: Trouble.allCases)
    func away(trouble: Trouble) async throws {
        try await Fixture.withQueue { fixture, _ in
            let proxy = try Proxy(to: fixture.broker.port)
            defer { proxy.close() }
            let host = trouble == .hasNoSuchHost ? "nowhere" : fixture.virtualHost
            let url = fixture.broker.url(virtualHost: host, port: proxy.port)
            try await fixture.publish(0)
            try await fixture.withQueue(DeadLetterQueue.Limits(), url: url) { queue in
                switch trouble {
                case .refuses: proxy.refuse()
                case .isSilent: proxy.freeze()
                case .hasNoSuchHost: break
                }
                let start = ContinuousClock.now
                for operation in [{ _ = try await queue.list() }, { _ = try await queue.discard("") }] {
                    let error = await #expect(throws: DeliveryError.self) { try await operation() }
                    #expect(error?.status == 503)
                    #expect((error?.retryAfter ?? 0) > 0)
                }
                #expect(ContinuousClock.now - start < .seconds(4), "\(trouble)")
                switch trouble {
                case .refuses: try proxy.accept()
                case .isSilent: proxy.resume()
                case .hasNoSuchHost: return
                }
                try await eventually("the list comes") { try await queue.list().letters.count == 1 }
            }
        }
    }

    @Test("says within two seconds that the broker fell silent in the middle, and gives everything back")
    func silence() async throws {
        try await Fixture.withQueue { fixture, _ in
            let proxy = try Proxy(to: fixture.broker.port)
            defer { proxy.close() }
            // Slow enough to be stopped in the middle.
            proxy.change { $0.delay = .milliseconds(20) }
            for number in 0..<20 { try await fixture.publish(number) }
            let url = fixture.broker.url(virtualHost: fixture.virtualHost, port: proxy.port)
            try await fixture.withQueue(DeadLetterQueue.Limits(), url: url) { queue in
                let start = ContinuousClock.now
                async let refusal = #expect(throws: DeliveryError.self) { try await queue.list() }
                try await eventually("it has fetched one") {
                    (try await fixture.state()?.unacknowledged ?? 0) > 0
                }
                proxy.freeze()
                #expect(await refusal?.status == 503)
                #expect(ContinuousClock.now - start < .seconds(3))
                proxy.cutAll()
                proxy.change { $0 = Proxy.Rules() }
                try await eventually("the list comes") { try await queue.list().letters.count == 20 }
            }
        }
    }

    @Test("shows over a slow network what comes in a while")
    func slow() async throws {
        try await Fixture.withQueue { fixture, _ in
            let proxy = try Proxy(to: fixture.broker.port)
            defer { proxy.close() }
            for _ in 0..<20 {
                try await fixture.channel.publish(
                    [UInt8](repeating: 1, count: 100_000), to: "", routingKey: Fixture.name)
            }
            // All of it would take four seconds.
            proxy.change(.toClient) { $0.octetsPerSecond = 500_000 }
            let url = fixture.broker.url(virtualHost: fixture.virtualHost, port: proxy.port)
            try await fixture.withQueue(url: url) { queue in
                let listing = try await queue.list()
                #expect((1..<20).contains(listing.letters.count))
                #expect(listing.total == 20)
            }
        }
    }

    @Test("waits for another one that is at work, and says so when that takes too long")
    func busy() async throws {
        var limits = Fixture.patient
        limits.lock = .milliseconds(200)
        limits.line = .milliseconds(200)
        limits.waiting = 2
        try await Fixture.withQueue(limits) { fixture, queue in
            try await fixture.publish(0)
            try await AMQPConnection.withConnection(fixture.url, name: "other") { other in
                try await other.openChannel().declareQueue("delivery.dead.lock", durable: false, exclusive: true)
                let error = await #expect(throws: DeliveryError.self) { try await queue.list() }
                #expect(error?.status == 503 && error?.retryAfter == 1)
                // In the process, too, only so many wait, and only so long.
                let start = ContinuousClock.now
                let refused = await withTaskGroup(of: Bool.self) { tasks in
                    for _ in 0..<8 { tasks.addTask { (try? await queue.list()) == nil } }
                    return await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(refused == 8)
                #expect(ContinuousClock.now - start < .seconds(2))
            }
            #expect(try await queue.list().letters.count == 1)
        }
    }

    @Test("goes on with the next in line when one that waits is cancelled")
    func cancelled() async throws {
        try await Fixture.withQueue { fixture, queue in
            for number in 0..<3 { try await fixture.publish(number) }
            for _ in 0..<10 {
                let tasks = (0..<6).map { _ in Task { try await queue.list().letters.count } }
                for task in tasks where Bool.random() { task.cancel() }
                for task in tasks {
                    let result = await task.result
                    if !task.isCancelled { #expect(try result.get() == 3) }
                }
            }
            #expect(try await fixture.state() == QueueState(ready: 3))
        }
    }
}

extension DeadLetterQueueTests.Fixture {
    var url: String { broker.url(virtualHost: virtualHost) }

    /// Three dead letters and nothing else.
    func refill() async throws {
        try await channel.purgeQueue(Self.name)
        try await channel.purgeQueue("delivery.queue")
        for number in 0..<3 { try await publish(number) }
    }

    /// What is where, once the broker has everything back.
    func bodies() async throws -> (dead: [String], orders: [String]) {
        try await eventually("the broker has everything back") {
            let queues = try await broker.queues(virtualHost: virtualHost)
            return queues.values.allSatisfy { $0.unacknowledged == 0 } && queues["delivery.dead.lock"] == nil
        }
        return (try await drain(Self.name), try await drain("delivery.queue"))
    }

    private func drain(_ queue: String) async throws -> [String] {
        var bodies: [String] = []
        while let delivery = try await channel.get(queue, acknowledges: false) {
            bodies.append(String(decoding: delivery.body, as: UTF8.self))
        }
        return bodies
    }
}
