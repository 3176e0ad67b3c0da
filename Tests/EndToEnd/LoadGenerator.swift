import Foundation
import Support

/// Customers who order one thing after the other. Each order has an `Idempotency-Key`, under which it is sent again until
/// it is answered, or, once the customers give up, until nobody listens any more.
final class LoadGenerator: Sendable {
    private struct State {
        var accepted: [Int] = []
        var refused: [String] = []
        var broken: [String] = []
        var closed = 0
        var unanswered = 0
        var seconds: [Double] = []
        var isEnding = false
        var running = 0
    }

    private let state: Guarded<State>
    private let givesUp: Bool
    private let goesOn: Bool
    private let pause: Double

    /// Starts `customers` of them.
    ///
    /// - Parameters:
    ///   - pause: seconds that a customer waits between two orders.
    ///   - givesUp: ends a customer at the first request that gets no answer, instead of sending it again.
    ///   - goesOn: with `givesUp`, a customer goes on with a request of its own instead.
    init(
        _ customer: HTTPTestClient, customers: Int = 3, pause: Double = 0.02, givesUp: Bool = false,
        goesOn: Bool = false
    ) {
        var state = State()
        state.running = customers
        self.state = Guarded(state)
        self.givesUp = givesUp
        self.goesOn = goesOn
        self.pause = pause
        let run = UInt64.random(in: .min ... .max)
        for lane in 0..<customers {
            let client = customer.with(headers: [:])
            Thread.detachNewThread { [self] in
                var number = 0
                while isGoingOn, place(client, "\(run)-\(lane)-\(number)") {
                    number += 1
                    Thread.sleep(forTimeInterval: pause)
                }
                self.state.update { $0.running -= 1 }
            }
        }
    }

    private var isGoingOn: Bool { state.read { !$0.isEnding } }

    private func place(_ client: HTTPTestClient, _ key: String) -> Bool {
        // The same octets each time: they belong to the key.
        let body = Array(#"{"store_id":1,"store_menu_id_list":[1,3]}"#.utf8)
        while true {
            let start = ContinuousClock.now
            do {
                let reply = try client.exchange(
                    "POST", "/api/user-order",
                    headers: ["Content-Type": "application/json", "Idempotency-Key": key], body: body)
                guard reply.status == 201, let id = reply.json["body"]["id"].int else {
                    state.update { $0.refused.append("\(reply.status) \(reply.text)") }
                    return false
                }
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                state.update {
                    $0.accepted.append(id)
                    $0.seconds.append(seconds)
                }
                return true
            } catch {
                let isRefused = "\(error)".contains("connecting to")
                state.update { $0.unanswered += 1 }
                if givesUp {
                    // Nobody listens: nothing was sent. A connection that ends without a word: nothing was done. Anything
                    // else is a request without an answer.
                    if error is NoResponse {
                        state.update { $0.closed += 1 }
                    } else if !isRefused {
                        state.update { $0.broken.append("\(error)") }
                    }
                    if goesOn { Thread.sleep(forTimeInterval: 0.01) }
                    return goesOn
                }
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }

    /// The orders that were answered with 201.
    var accepted: [Int] { state.read { $0.accepted } }
    /// Answers other than 201.
    var refused: [String] { state.read { $0.refused } }
    /// Requests that were sent and not answered, except those whose connection ended without a word.
    var broken: [String] { state.read { $0.broken } }
    /// Requests whose connection ended before any octet of an answer.
    var closed: Int { state.read { $0.closed } }
    /// Requests without an answer, whatever the reason.
    var unanswered: Int { state.read { $0.unanswered } }
    /// How long each accepted order took, in their order.
    var seconds: [Double] { state.read { $0.seconds } }

    /// Waits until so many more have been accepted.
    func more(_ count: Int, within seconds: Double = 30) async throws {
        let wanted = accepted.count + count
        try await eventually("\(count) more orders are accepted", within: seconds) {
            guard refused.isEmpty else { throw SupportError("refused: \(refused)") }
            return accepted.count >= wanted
        }
    }

    /// Places no further order and waits until those under way are answered.
    func end(within seconds: Double = 30) async throws {
        state.update { $0.isEnding = true }
        try await eventually("the customers are done", within: seconds) { state.read { $0.running == 0 } }
    }
}
