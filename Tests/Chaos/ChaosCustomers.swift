import Foundation
import Support
import Synchronized

/// Customers who place orders at a steady rate, each on a thread, each with a connection to every `api`.
///
/// An order with an `Idempotency-Key` is sent again, to any instance, until it is answered. One without a key is sent again
/// only while nothing of it can have arrived.
final class ChaosCustomers: Sendable {
    private struct State {
        var next = 0
        var isEnding = false
        var running = 0
        /// By customer.
        var tokens: [String] = []
    }

    private static let stores: [[Int]] = [[1, 2, 3, 4, 5], [6, 7, 8, 9], [10, 11, 12, 13]]
    private static let burst = 8
    static let storeCount = stores.count

    private let settings: ChaosSettings
    private let ports: [UInt16]
    private let ledger: ChaosLedger
    private let state: Guarded<State>

    init(_ settings: ChaosSettings, ports: [UInt16], tokens: [String], _ ledger: ChaosLedger) {
        self.settings = settings
        self.ports = ports
        self.ledger = ledger
        state = Guarded(State(running: settings.customers, tokens: tokens))
        let start = ContinuousClock.now
        for _ in 0..<settings.customers {
            Thread.detachNewThread { [self] in
                var sockets = [TestSocket?](repeating: nil, count: ports.count)
                while let number = nextNumber() {
                    // Some at the same time, so that they share commits and deaths.
                    let due = start + .seconds(Double(number - number % Self.burst) / settings.rate)
                    let wait = (due - ContinuousClock.now) / .seconds(1)
                    if wait > 0 { Thread.sleep(forTimeInterval: wait) }
                    place(number, &sockets)
                }
                for socket in sockets { socket?.close() }
                state.update { $0.running -= 1 }
            }
        }
    }

    private func nextNumber() -> Int? {
        state.update { state in
            if state.isEnding, ledger.acceptedCount >= settings.orders { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func renew(_ tokens: [String]) { state.update { $0.tokens = tokens } }

    /// The faults are over: no order is begun any more once as many as were asked for are accepted.
    func end(within seconds: Double) async throws {
        state.update { $0.isEnding = true }
        try await eventually("the customers are done", within: seconds) { state.read { $0.running == 0 } }
    }

    // MARK: One order

    static func note(_ number: Int) -> String { "chaos \(number)" }

    private func place(_ number: Int, _ sockets: inout [TestSocket?]) {
        var generator = SplitMix64(seed: settings.seed &+ UInt64(number) &* 0x1_0000_0001)
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
        let store = pick(Self.stores.count)
        let menu = Self.stores[store][pick(Self.stores[store].count)]
        let hasKey = pick(100) >= settings.keyless
        let body = #"{"store_id":\#(store + 1),"store_menu_id_list":[\#(menu)],"note":"\#(Self.note(number))"}"#
        let customer = pick(2)
        var fields = "Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        if hasKey { fields += "Idempotency-Key: \(settings.seed)-\(number)\r\n" }
        var isUnknown = false
        while true {
            let token = state.read { $0.tokens[customer % $0.tokens.count] }
            let head = "POST /api/user-order HTTP/1.1\r\n\(fields)authorization-token: \(token)\r\n\r\n"
            let instance = pick(ports.count)
            let start = ledger.now
            ledger.change { $0.attempts += 1 }
            do {
                let reply = try exchange(head + body, instance, &sockets)
                if reply.status == 201, let order = reply.json["body"]["id"].int {
                    let at = ledger.now
                    let accepted = ChaosLedger.Accepted(
                        order: order, number: number, instance: instance, at: at, hasKey: hasKey)
                    return ledger.change {
                        $0.accepted.append(accepted)
                        $0.latencies.append(at - start)
                    }
                }
                ledger.violate("order \(number) at api \(instance) was answered \(reply.status): \(reply.text)")
                // What is refused for good would be refused for ever.
                if reply.status < 500 || !hasKey { return }
            } catch {
                isUnknown = error.isUnknown
                let lost = ChaosLedger.Lost(
                    instance: instance, at: ledger.now, why: error.why, isUnknown: isUnknown)
                ledger.change { $0.lost.append(lost) }
                if isUnknown, !hasKey { return ledger.change { $0.unknown.insert(number) } }
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    private struct Failure: Error {
        /// Whether something may have been sent.
        let isUnknown: Bool
        let why: String
    }

    private func exchange(
        _ request: String, _ instance: Int, _ sockets: inout [TestSocket?]
    ) throws(Failure) -> HTTPResponse {
        let socket: TestSocket
        if let kept = sockets[instance], kept.isQuiet {
            socket = kept
        } else {
            sockets[instance]?.close()
            sockets[instance] = nil
            // Longer than anything is frozen.
            do { socket = try TestSocket(port: ports[instance], timeout: 20) } catch {
                throw Failure(isUnknown: false, why: "\(error)")
            }
        }
        ledger.began(instance)
        defer { ledger.ended(instance) }
        do {
            try socket.write(request)
            var reader = HTTPResponseReader(socket)
            let response = try reader.response(to: "POST")
            if response.header("connection")?.lowercased() == "close" {
                socket.close()
                sockets[instance] = nil
            } else {
                sockets[instance] = socket
            }
            return response
        } catch {
            socket.close()
            sockets[instance] = nil
            throw Failure(isUnknown: true, why: "\(error)")
        }
    }
}
