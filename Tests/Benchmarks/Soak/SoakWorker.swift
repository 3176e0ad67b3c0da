import AMQP
import Synchronized

/// Orders from the faults to a worker, which looks for them between two messages.
final class SoakOrders: Sendable {
    enum Order: Hashable, Sendable {
        /// Publish to an exchange that does not exist: the broker closes the channel.
        case publishToMissingExchange
        /// Cancel the consumer and start another one.
        case cancelConsumer
        /// Take a few seconds over a message.
        case beSlow
    }

    private struct State {
        var orders: Set<Order> = []
        var steps = 0
        var lastSteps = 0
        var idleSamples = 0
    }

    let name: String
    private let state = Lock(State())

    init(_ name: String) { self.name = name }

    func give(_ order: Order) { state.withLock { _ = $0.orders.insert(order) } }
    func take(_ order: Order) -> Bool { state.withLock { $0.orders.remove(order) != nil } }

    /// The worker has got on.
    func step() { state.withLock { $0.steps += 1 } }

    /// In how many samples in a row it has not got on.
    func sample() -> Int {
        state.withLock { state in
            state.idleSamples = state.steps == state.lastSteps ? state.idleSamples + 1 : 0
            state.lastSteps = state.steps
            return state.idleSamples
        }
    }
}

extension Soak {
    /// What to do after a failure: nothing but a pause if it is of the expected kind.
    func failed(_ error: any Error, _ who: String) async {
        if let error = error as? AMQPError, SoakFailure.isExpected(error) {
            if error.code == .channelClosedByPeer || error.code == .notFound { count(\.channelsClosed) }
            if error.code == .consumerCancelled { count(\.consumersCancelled) }
        } else if !(error is CancellationError) {
            ledger.violate("\(who): \(error)")
        }
        try? await Task.sleep(for: .milliseconds(50))
    }
}
