import AMQP
import AMQPWire
import EventLoop

/// One input's conversation. The client, the broker and the choices all live on one loop, so that a run repeats itself.
///
/// The first four octets are settings; then each octet is a move of the broker or something that the program asks of
/// the client, or, in the raw mode, octets that the broker sends while the client plays `scene`.
actor ClientRun {
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    nonisolated let loop: EventLoop
    private let handover: Handover<String?>
    var choices: Choices
    private let isRaw: Bool
    /// The broker does its part of the handshake, or of everything, rightly by itself.
    private let helpsHandshake: Bool
    private let helpsAlways: Bool
    private let tune: ConnectionTune
    private let recovers: Bool
    private let isHasty: Bool

    private var listener: Listener?
    private var links: [BrokerLink] = []
    private var link: BrokerLink? { links.last }
    private var isFinishing = false
    private var moves = 0
    private var turnsWithoutLink = 0
    /// Turns since the client last said something.
    private var quietTurns = 0
    private var finding: String?

    var connection: AMQPConnection?
    var tasks: [Task<Void, Never>] = []
    var channels: [AMQPChannel] = []
    var consumers: [AMQPConsumer] = []
    var deliveries: [AMQPDelivery] = []
    var publishes: [PendingPublish] = []
    /// Messages sent without a confirm.
    var sent = 0

    init(_ input: [UInt8], on loop: EventLoop, _ handover: Handover<String?>) {
        self.loop = loop
        self.handover = handover
        var choices = Choices(input)
        let flags = choices.octet()
        isRaw = flags & 1 != 0
        helpsHandshake = flags & 2 == 0
        helpsAlways = flags & 4 != 0
        recovers = flags & 8 != 0
        isHasty = flags & 16 != 0
        tune = FuzzedBroker.tunes[choices.below(FuzzedBroker.tunes.count)]
        self.choices = choices
    }

    func begin() {
        do throws(SystemError) {
            let address = SocketAddress.numeric("127.0.0.1", port: 0)
            guard let address else { return end("127.0.0.1 is no address") }
            listener = try Listener(address, on: loop) { [unowned self] descriptor, _ in
                let number = descriptor.take()
                self.assumeIsolated { $0.accept(number) }
            }
        } catch {
            return end("no listening socket: \(error)")
        }
        let uri = "amqp://127.0.0.1:\(listener?.address.port ?? 0)"
        let configuration = configuration(&choices)
        tasks.append(
            Task(executorPreference: loop) {
                await self.connect(uri, configuration)
            })
        scheduleStep()
    }

    private func configuration(_ choices: inout Choices) -> AMQPConfiguration {
        var configuration = AMQPConfiguration(name: "fuzz")
        configuration.bodyMax = 1 << 20
        configuration.headerMax = 1 << 14
        configuration.deliveryBufferOctets = 1 << (8 + choices.below(12))
        configuration.publishWindow = 1 + choices.below(32)
        configuration.publishWindowOctets = 1 << 18
        configuration.recovery.isEnabled = recovers
        configuration.recovery.initialDelay = .zero
        configuration.recovery.ceiling = .milliseconds(1)
        configuration.whileDown = recovers ? .wait(.seconds(5)) : .failAtOnce
        if isHasty {
            configuration.requestTimeout = .milliseconds(2)
            configuration.closeTimeout = .milliseconds(2)
        }
        return configuration
    }

    private func connect(_ uri: String, _ configuration: AMQPConfiguration) async {
        guard let connection = try? await AMQPConnection.connect(uri, configuration: configuration, on: loop) else {
            return
        }
        self.connection = connection
        if isRaw { await scene(connection) }
    }

    // MARK: The broker's side

    private func accept(_ number: CInt) {
        let descriptor = OwnedDescriptor(number)
        // A broker that is away; also the end of a client that comes back again and again.
        guard !isFinishing, links.count < 16, let link = try? BrokerLink(descriptor, FuzzedBroker(tune: tune), self)
        else { return }
        links.append(link)
        quietTurns = 0
        if !isRaw, helpsHandshake { _ = move(20) }
    }

    func clientSpoke() { quietTurns = 0 }

    private func scheduleStep() {
        loop.schedule(after: .zero) { self.assumeIsolated { $0.step() } }
    }

    /// One turn: what was begun goes on, and once the client has nothing more to say comes the next choice.
    private func step() {
        quietTurns += 1
        if let link, link.isSending {
            link.sendPiece()
            quietTurns = 0
        } else if quietTurns > 2 {
            quietTurns = 0
            guard next() else { return finish() }
        }
        scheduleStep()
    }

    /// False at the end of the input.
    private func next() -> Bool {
        guard let link, !link.isClosed else {
            // Nothing comes to an end by waiting, unless somebody is on the way here.
            return waitForLink()
        }
        if isRaw { return sendRaw(link) }
        if helpsAlways || helpsHandshake && link.broker.isInHandshake, !link.broker.requests.isEmpty {
            var octets: [UInt8] = []
            _ = link.broker.answerOldest(&choices, &octets)
            link.send(octets)
            return true
        }
        moves += 1
        guard !choices.isAtEnd, moves < 256 else { return false }
        let code = Int(choices.octet())
        if code < 160 { return move(code % FuzzedBroker.moves) }
        perform(code - 160)
        return true
    }

    private func waitForLink() -> Bool {
        turnsWithoutLink += 1
        if !choices.isAtEnd, !isRaw { perform(Int(choices.octet()) % 96) }
        return turnsWithoutLink < 64 && (links.isEmpty || recovers)
    }

    private func move(_ code: Int) -> Bool {
        guard let link else { return true }
        var octets: [UInt8] = []
        let effect = link.broker.move(code, &choices, &octets)
        link.send(octets)
        link.apply(effect)
        return true
    }

    /// The next frame, if the octets look like one.
    private func sendRaw(_ link: BrokerLink) -> Bool {
        guard !choices.isAtEnd else { return false }
        let head = Array(choices.octets(7))
        let size = head.count == 7 ? head[3...].reduce(0) { $0 << 8 | Int($1) } : 0
        link.send(head + choices.octets(size < 8192 ? size + 1 : 64))
        return true
    }

    // MARK: The end

    private func finish() {
        isFinishing = true
        for link in links { link.close() }
        Task(executorPreference: loop) { await self.conclude() }
    }

    /// Closes everything, and looks at what is left.
    private func conclude() async {
        await tasks.first?.value
        await connection?.close()
        for task in tasks { await task.value }
        listener?.close()
        listener = nil
        if let connection { await check(connection) }
        for link in links where link.broker.finding != nil { finding = link.broker.finding }
        weak let left = connection
        connection = nil
        (channels, consumers, deliveries, publishes, tasks, links) = ([], [], [], [], [], [])
        // What the last turn holds is let go in the next ones.
        for _ in 0..<64 where left != nil { try? await loop.sleep(for: .zero) }
        if left != nil, !isHasty { finding = finding ?? "the connection is not freed" }
        end(finding)
    }

    private func check(_ connection: AMQPConnection) async {
        let metrics = await connection.metrics
        let ended = metrics.confirmed + metrics.refused + metrics.returned + metrics.unknown
        if metrics.published - sent != ended {
            finding = "\(metrics.published - sent) publishes wait for a confirm, \(ended) have an outcome"
        }
        if publishes.contains(where: { $0.current == nil }) { finding = "a publish has no outcome" }
        let pending = await connection.pendingRequests
        if pending != 0 { finding = "\(pending) requests are left" }
        guard case .closed = await connection.state else { return finding = "the connection does not close" }
    }

    private func end(_ finding: String?) {
        listener?.close()
        listener = nil
        let handover = handover
        // What this turn still holds is freed by then, so that libFuzzer's search for leaks finds none.
        loop.schedule(after: .zero) { [loop] in loop.schedule(after: .zero) { handover.give(finding) } }
    }
}
