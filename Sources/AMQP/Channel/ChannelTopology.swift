import AMQPWire

/// The kind of an exchange; the set is open, for plugins.
public struct ExchangeType: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    /// To the queues whose binding has exactly the routing key of the message.
    public static let direct: ExchangeType = "direct"
    /// To every queue that is bound.
    public static let fanout: ExchangeType = "fanout"
    /// To the queues whose binding fits the routing key word by word: `*` is one word, `#` any number of them.
    public static let topic: ExchangeType = "topic"
    /// To the queues whose binding fits the headers of the message; its argument `x-match` is `all` or `any`.
    public static let headers: ExchangeType = "headers"
}

/// What the broker says about a queue.
public struct QueueInfo: Hashable, Sendable {
    /// The name; the one that the broker chose, if it was declared without.
    public var name: String
    /// Messages that are ready: neither delivered nor acknowledged.
    public var messageCount: Int
    /// Consumers of all connections.
    public var consumerCount: Int

    /// Puts the parts together.
    public init(name: String, messageCount: Int, consumerCount: Int) {
        self.name = name
        self.messageCount = messageCount
        self.consumerCount = consumerCount
    }
}

/// Declaring and binding. What is declared here is declared again after the connection was lost.
extension AMQPChannel {
    /// Makes an exchange (exchange.declare); it is no error if it exists with the same arguments.
    ///
    /// - Parameters:
    ///   - name: up to 255 octets; those that begin with `amq.` are the broker's.
    ///   - type: how it chooses the queues for a message.
    ///   - durable: it survives a restart of the broker.
    ///   - autoDelete: it goes with its last binding.
    ///   - internal: only exchanges that are bound to it publish to it.
    ///   - arguments: see `FieldTable.exchange(…)`.
    /// - Throws: `.preconditionFailed` if it exists otherwise, with the `difference`; `.accessRefused`. Both end the
    ///   channel.
    public func declareExchange(
        _ name: String, type: ExchangeType, durable: Bool = true, autoDelete: Bool = false, internal: Bool = false,
        arguments: FieldTable = [:]
    ) async throws(AMQPError) {
        let method = ExchangeDeclare(
            exchange: name, type: type.rawValue, durable: durable, autoDelete: autoDelete, isInternal: `internal`,
            arguments: arguments)
        try await connection.change(method, on: core) { $0.declared(method) }
    }

    /// Looks whether an exchange exists (a passive exchange.declare).
    /// - Throws: `.notFound` if there is none, which ends the channel.
    public func checkExchange(_ name: String) async throws(AMQPError) {
        _ = try await connection.request(ExchangeDeclare(exchange: name, passive: true), core)
    }

    /// Deletes an exchange and its bindings; it is no error if there is none. With `ifUnused` a 406 ends the channel if
    /// something is bound to it.
    public func deleteExchange(_ name: String, ifUnused: Bool = false) async throws(AMQPError) {
        try await connection.change(ExchangeDelete(exchange: name, ifUnused: ifUnused), on: core) {
            $0.exchangeDeleted(name)
        }
    }

    /// Lets messages flow from exchange `source` to exchange `destination` (exchange.bind, RabbitMQ extension).
    /// - Throws: `.notFound`, `.accessRefused`, which end the channel.
    public func bindExchange(
        _ destination: String, to source: String, routingKey: String = "", arguments: FieldTable = [:]
    ) async throws(AMQPError) {
        let method = ExchangeBind(
            destination: destination, source: source, routingKey: routingKey, arguments: arguments)
        try await connection.change(method, on: core) {
            $0.bound(Binding(.exchange, destination, source, routingKey, arguments))
        }
    }

    /// Removes a binding between exchanges; it is no error if there is none.
    public func unbindExchange(
        _ destination: String, from source: String, routingKey: String = "", arguments: FieldTable = [:]
    ) async throws(AMQPError) {
        let method = ExchangeUnbind(
            destination: destination, source: source, routingKey: routingKey, arguments: arguments)
        try await connection.change(method, on: core) {
            $0.unbound(Binding(.exchange, destination, source, routingKey, arguments))
        }
    }

    /// Makes a queue (queue.declare); it is no error if it exists with the same arguments.
    ///
    /// - Parameters:
    ///   - name: if empty, the broker chooses one, which the result tells; after a recovery it chooses another.
    ///   - durable: it survives a restart of the broker.
    ///   - exclusive: it belongs to this connection alone and goes with it.
    ///   - autoDelete: it goes with its last consumer.
    ///   - arguments: see `FieldTable.queue(…)`.
    /// - Throws: `.preconditionFailed` if it exists otherwise, with the `difference`; `.resourceLocked` if another
    ///   connection owns it; `.accessRefused`. All end the channel.
    @discardableResult
    public func declareQueue(
        _ name: String = "", durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false,
        arguments: FieldTable = [:]
    ) async throws(AMQPError) -> QueueInfo {
        let method = QueueDeclare(
            queue: name, durable: durable, exclusive: exclusive, autoDelete: autoDelete, arguments: arguments)
        return try await connection.declareQueue(method, on: core)
    }

    /// What the queue holds (a passive queue.declare).
    /// - Throws: `.notFound` if there is none, `.resourceLocked` if another connection owns it; both end the channel.
    public func checkQueue(_ name: String) async throws(AMQPError) -> QueueInfo {
        let method = QueueDeclare(queue: try named(name), passive: true)
        return try await connection.declareQueue(method, on: core)
    }

    /// Lets messages flow from an exchange to a queue; what the routing key means depends on the exchange's type.
    public func bindQueue(
        _ queue: String, to exchange: String, routingKey: String = "", arguments: FieldTable = [:]
    ) async throws(AMQPError) {
        let method = QueueBind(
            queue: try named(queue), exchange: exchange, routingKey: routingKey, arguments: arguments)
        try await connection.change(method, on: core) {
            $0.bound(Binding(.queue, queue, exchange, routingKey, arguments))
        }
    }

    /// Removes the binding of a queue; it is no error if there is none.
    public func unbindQueue(
        _ queue: String, from exchange: String, routingKey: String = "", arguments: FieldTable = [:]
    ) async throws(AMQPError) {
        let method = QueueUnbind(
            queue: try named(queue), exchange: exchange, routingKey: routingKey, arguments: arguments)
        try await connection.change(method, on: core) {
            $0.unbound(Binding(.queue, queue, exchange, routingKey, arguments))
        }
    }

    /// Drops the messages that are ready (queue.purge); returns their number.
    @discardableResult
    public func purgeQueue(_ name: String) async throws(AMQPError) -> Int {
        let method = QueuePurge(queue: try named(name))
        guard case .queuePurgeOk(let ok) = try await connection.request(method, core) else { return 0 }
        return Int(ok.messageCount)
    }

    /// Deletes a queue (queue.delete); returns the number of messages lost. It is no error if there is none.
    ///
    /// - Parameters:
    ///   - name: the queue; a name that does not exist is no error.
    ///   - ifUnused: only if it has no consumers; else `.preconditionFailed`, which ends the channel.
    ///   - ifEmpty: only if it has no messages; else the same.
    @discardableResult
    public func deleteQueue(_ name: String, ifUnused: Bool = false, ifEmpty: Bool = false) async throws(AMQPError)
        -> Int
    {
        let method = QueueDelete(queue: try named(name), ifUnused: ifUnused, ifEmpty: ifEmpty)
        let answer = try await connection.change(method, on: core) { $0.queueDeleted(name) }
        guard case .queueDeleteOk(let ok) = answer else { return 0 }
        return Int(ok.messageCount)
    }
}

/// For the broker an empty name is the queue that the channel has declared last, which is hardly ever meant, and which
/// a recovered channel would not know.
func named(_ queue: String) throws(AMQPError) -> String {
    guard !queue.isEmpty else { throw AMQPError(.invalidArgument, "the queue's name is empty") }
    return queue
}

extension AMQPConnection {
    /// Asks for a change and, once it is made, notes it for the recovery.
    @discardableResult
    func change<Payload: MethodPayload>(
        _ method: Payload, on core: Isolated<ChannelCore>, _ note: @Sendable (inout Topology) -> Void
    ) async throws(AMQPError) -> Method {
        let answer = try await request(method, on: core.get(self)).method
        note(&topology)
        return answer
    }

    func declareQueue(_ method: QueueDeclare, on core: Isolated<ChannelCore>) async throws(AMQPError) -> QueueInfo {
        guard case .queueDeclareOk(let ok) = try await request(method, on: core.get(self)).method else {
            throw AMQPError(.protocolViolation, "queue.declare was answered by something else")
        }
        if !method.passive { topology.declared(method, as: ok.queue) }
        return QueueInfo(
            name: ok.queue, messageCount: Int(ok.messageCount), consumerCount: Int(ok.consumerCount))
    }
}
