import AMQPWire

/// A binding of a queue or an exchange to a source exchange.
struct Binding: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case queue, exchange }

    var kind: Kind
    var destination: String
    var source: String
    var routingKey: String
    var arguments: FieldTable

    init(_ kind: Kind, _ destination: String, _ source: String, _ routingKey: String, _ arguments: FieldTable) {
        self.kind = kind
        self.destination = destination
        self.source = source
        self.routingKey = routingKey
        self.arguments = arguments
    }
}

/// What a connection has declared and would declare again. A pure value.
struct Topology: Sendable {
    struct Queue: Sendable {
        var method: QueueDeclare
        /// The broker chose the name, and chooses another one next time.
        var isServerNamed: Bool
        var consumers = 0
    }

    /// In the order of declaration.
    private(set) var exchanges: [ExchangeDeclare] = []
    private(set) var queues: [Queue] = []
    private(set) var bindings: [Binding] = []

    mutating func declared(_ method: ExchangeDeclare) {
        if let index = exchanges.firstIndex(where: { $0.exchange == method.exchange }) {
            exchanges[index] = method
        } else {
            exchanges.append(method)
        }
    }

    mutating func exchangeDeleted(_ name: String) {
        exchanges.removeAll { $0.exchange == name }
        remove { $0.source == name || $0.kind == .exchange && $0.destination == name }
    }

    mutating func declared(_ method: QueueDeclare, as name: String) {
        var method = method
        let isServerNamed = method.queue.isEmpty
        method.queue = name
        if let index = queues.firstIndex(where: { $0.method.queue == name }) {
            // Declared again by its name, a queue that the broker named stays one.
            queues[index].method = method
        } else {
            queues.append(Queue(method: method, isServerNamed: isServerNamed))
        }
    }

    mutating func queueDeleted(_ name: String) {
        queues.removeAll { $0.method.queue == name }
        remove { $0.kind == .queue && $0.destination == name }
    }

    mutating func bound(_ binding: Binding) {
        if !bindings.contains(binding) { bindings.append(binding) }
    }

    mutating func unbound(_ binding: Binding) {
        remove { $0 == binding }
    }

    /// An exchange that deletes itself goes with its last binding.
    private mutating func remove(_ isMeant: (Binding) -> Bool) {
        let sources = Set(bindings.filter(isMeant).map(\.source))
        guard !sources.isEmpty else { return }
        bindings.removeAll(where: isMeant)
        for source in sources where !bindings.contains(where: { $0.source == source }) {
            if exchanges.contains(where: { $0.exchange == source && $0.autoDelete }) { exchangeDeleted(source) }
        }
    }

    mutating func consumerStarted(queue: String) {
        if let index = queues.firstIndex(where: { $0.method.queue == queue }) { queues[index].consumers += 1 }
    }

    /// A queue that deletes itself goes with its last consumer.
    mutating func consumerEnded(queue: String) {
        guard let index = queues.firstIndex(where: { $0.method.queue == queue }) else { return }
        queues[index].consumers -= 1
        if queues[index].method.autoDelete, queues[index].consumers <= 0 { queueDeleted(queue) }
    }

    mutating func renamed(_ old: String, to new: String) {
        for index in queues.indices where queues[index].method.queue == old { queues[index].method.queue = new }
        for index in bindings.indices where bindings[index].kind == .queue && bindings[index].destination == old {
            bindings[index].destination = new
        }
    }
}
