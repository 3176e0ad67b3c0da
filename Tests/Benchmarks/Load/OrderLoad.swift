import EventLoop
import Glibc
import HTTPWire
import Synchronized

/// Orders at a steady rate, whatever becomes of them: an answer that is late delays no other order, and its time counts
/// from when the order was due.
final class OrderLoad: Sendable {
    struct Sent {
        /// When it was due.
        let time: Double
        /// Seconds from then to the answer.
        let seconds: Double
        /// nil if it was not answered with 201.
        let order: Int?
        let failure: String?
    }

    private struct State {
        var sent: [Sent] = []
        var next = 0
    }

    private let state = Lock(State())
    private let isOver = Atomic(false)
    private let threads: [pthread_t]

    /// - Parameters:
    ///   - rate: orders a second.
    ///   - clients: how many may wait for an answer at the same time.
    init(_ running: Running, rate: Double, clients: Int = 32) throws {
        let start = monotonicSeconds() + 0.05
        let run = UInt64.random(in: 0 ... .max)
        let ready = Ready()
        threads = try (0..<clients).map { _ in
            try spawnThread(named: "orders") { ready.load?.work(running, rate, start, run) }
        }
        ready.set(self)
    }

    /// Hands this object to its threads once it is complete.
    private final class Ready: Sendable {
        private let value = Lock<(load: OrderLoad?, isSet: Bool)>((nil, false))
        func set(_ load: OrderLoad) { value.withLock { $0 = (load, true) } }
        var load: OrderLoad? {
            while true {
                let (load, isSet) = value.withLock { $0 }
                if isSet { return load }
                usleep(200)
            }
        }
    }

    private func work(_ running: Running, _ rate: Double, _ start: Double, _ run: UInt64) {
        let connection = LoadConnection(port: running.port("api"))
        while !isOver.load(ordering: .relaxed) {
            let number = state.withLock { state in
                defer { state.next += 1 }
                return state.next
            }
            let due = start + Double(number) / rate
            let wait = due - monotonicSeconds()
            if wait > 0 { usleep(useconds_t(wait * 1e6)) }
            if isOver.load(ordering: .relaxed) { return }
            let sent = OrderLoad.place(connection, running.token, key: "\(run)-\(number)", due: due)
            state.withLock { $0.sent.append(sent) }
        }
    }

    static func request(_ token: String, key: String) -> [UInt8] {
        LoadConnection.request(
            "POST", "/api/user-order", ["authorization-token: \(token)", "Idempotency-Key: \(key)"],
            json: #"{"store_id":1,"store_menu_id_list":[1,3]}"#)
    }

    private static func place(_ connection: LoadConnection, _ token: String, key: String, due: Double) -> Sent {
        do throws(LoadConnection.Failure) {
            let reply = try connection.exchange(request(token, key: key), to: .post)
            let seconds = monotonicSeconds() - due
            guard reply.status == 201, let order = reply.number("id") else {
                return Sent(time: due, seconds: seconds, order: nil, failure: "\(reply.status) \(reply.text)")
            }
            return Sent(time: due, seconds: seconds, order: order, failure: nil)
        } catch {
            return Sent(time: due, seconds: monotonicSeconds() - due, order: nil, failure: "\(error)")
        }
    }

    var sent: [Sent] { state.withLock { $0.sent } }

    /// Ends it, and returns when every order under way is answered.
    func end() {
        isOver.store(true, ordering: .relaxed)
        for thread in threads { pthread_join(thread, nil) }
    }
}

extension [OrderLoad.Sent] {
    var orders: Set<Int> { Set<Int>(compactMap(\.order)) }
    var failures: [String] { compactMap(\.failure) }
    func during(_ range: Range<Double>) -> [OrderLoad.Sent] { filter { range.contains($0.time) } }
    var latencies: Latencies { Latencies(map(\.seconds)) }
}
