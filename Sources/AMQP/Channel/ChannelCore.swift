import AMQPWire

/// The state of one channel across connections. It lives in its connection's isolation.
final class ChannelCore {
    enum Status {
        /// Opening for the first time, or again after the connection was lost.
        case opening
        case open
        case closing
        case closed(AMQPError)
    }

    struct Reply: Sendable {
        var method: Method
        var content: Content?
        /// The channel's when the answer came.
        var generation: UInt64
    }

    var status = Status.opening
    /// False while it opens for the first time.
    var hasBeenOpen = false
    @exclusivity(unchecked) var machine: ChannelMachine?
    /// On the connection that it was opened on last.
    var number: UInt16 = 0
    /// Counts the connections of the channel, and how often it gave back everything: deliveries of before are stale.
    var generation: UInt64 = 0
    /// basic.recover without an answer: the broker takes back what was delivered, and what it delivers before it answers.
    var recoversPending = 0
    /// The generation of a delivery that can be settled now; no delivery has number 0.
    var settledGeneration: UInt64 { recoversPending > 0 ? 0 : generation }
    var lastTicket: ChannelMachine.Ticket = 0
    var replies: [ChannelMachine.Ticket: Waiter<Reply>] = [:]
    var opening: Waiter<Void>?
    /// Why the broker closed it while it was being opened or restored.
    var refusal: AMQPError?
    /// Those who wait for close-ok.
    var closing = Gate()
    /// Those who wait until the channel is open again.
    var reopening = Gate()

    @exclusivity(unchecked) var confirms = ConfirmRing<AwaitedPublish>()
    /// confirm.select was sent on this connection.
    var isConfirming = false
    var isTransactional = false
    /// Overrides the configuration.
    var whileDown: AMQPConfiguration.DownPolicy?
    /// The broker asked to stop publishing on this channel.
    var isFlowStopped = false
    /// Publishes that wait for room in the window.
    var publishing = Gate()

    /// Acknowledgements are written at the end of the loop's turn.
    var isAckDue = false

    /// basic.qos with `global`, to restore.
    var sharedPrefetch: UInt16?
    /// Consumers that the broker has started on this connection.
    var started: Set<Int> = []
    /// Transactional, and something was sent or settled since the last boundary.
    var hasUncommitted = false
    /// The loss of the connection rolled back what a commit to come is for.
    var hasLostTransaction = false
    /// It only waits for the broker's close-ok.
    var isAbandoned = false
    var consumers: [Int: ConsumerRecord] = [:] { didSet { recentConsumer = nil } }
    /// Mostly the next delivery is for the same one.
    private var recentConsumer: AMQPConsumer?
    var lastConsumer = 0

    var isOpen: Bool { if case .open = status { true } else { false } }
    var isClosed: Bool { if case .closed = status { true } else { false } }

    func consumer(_ number: Int) -> AMQPConsumer? {
        if let recentConsumer, recentConsumer.number == number { return recentConsumer }
        recentConsumer = consumers[number]?.consumer
        return recentConsumer
    }

    /// Somebody waits for what only the broker can say.
    var awaitsAnswer: Bool { confirms.count > 0 || !replies.isEmpty || opening != nil || !closing.isEmpty }

    func ticket() -> ChannelMachine.Ticket {
        lastTicket += 1
        return lastTicket
    }
}

/// A consumer and what starts it again.
struct ConsumerRecord {
    var consumer: AMQPConsumer
    var method: BasicConsume
    /// 0: no limit
    var prefetch: UInt16
    /// basic.cancel is on its way.
    var isEnding = false
}

/// Holds what belongs to one connection's isolation.
///
/// `@unchecked Sendable`: the only way to the value asks for that isolation.
struct Isolated<Value>: @unchecked Sendable {
    private let value: Value
    init(_ value: Value) { self.value = value }
    func get(_: isolated AMQPConnection) -> Value { value }
}
