import EventLoop
import Glibc
import HTTPWire
import Support

extension Benchmark {
    static let ending = Benchmark(
        name: "ending", summary: "SIGTERM to either service under load, again and again; fails if anything is lost",
        help: EndingBenchmark.Settings.help
    ) { try await EndingBenchmark.run(EndingBenchmark.Settings($0)) }
}

/// Promise R8: SIGTERM under load loses nothing.
enum EndingBenchmark {
    struct Settings: Sendable {
        var options: Options
        var rounds = 50
        var clients = 32
        var load = 700

        static let help = """
              --rounds N      how often each service is ended (50)
              --clients N     how many clients each service has at the same time (32)
              --load N        milliseconds of load before each end (700)
              --programs DIR  where api and store-admin are (beside bench)

            Starts RabbitMQ and both services. In each round api, then store-admin gets SIGTERM while its clients send
            one request after the other on connections that are kept, and is started again. What a client may see is an
            answer; a connection that ends before any octet of one, and then nothing was done; or that nobody listens.
            Every order that was answered 201, and no other, must come to a tab, once; and each end must have exit code
            0 within 5 s. It prints a table, the bounds, and a line of JSON.
            """

        init(_ list: [String]) throws {
            options = try Options([])
            options.orders = 0
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--rounds": rounds = try arguments.number(1...100_000)
                case "--clients": clients = try arguments.number(1...1000)
                case "--load": load = try arguments.number(1...60_000)
                case "--programs": options.programs = try arguments.value()
                default: throw arguments.unknown(Self.help)
                }
            }
        }
    }

    static func run(_ settings: Settings) async throws {
        let broker = try await RabbitMQBroker.start()
        for pid in broker.processes { CleanUp.add(pid) }
        let running = try Running(await Services(settings.options, broker: broker.url))
        try running.waitUntilUp()
        let seen = Shared<(orders: [Int: Int], pushes: Set<Int>)>(([:], []))
        let tab = try Tab(port: { running.port("store-admin") }, cookie: running.cookie, after: 0) { event in
            let order = OutageBenchmark.order(of: event)
            seen.update { seen in
                if let order {
                    seen.orders[order, default: 0] += 1
                } else if let id = event.id, event.data.starts(with: "{\"data\":".utf8) {
                    seen.pushes.insert(id)
                }
            }
        }
        let customers = EndingClients()
        let owners = EndingClients()
        for _ in 0..<settings.clients {
            try customers.add {
                running.port("api")
            } request: { key in
                (OrderLoad.request(running.token, key: key), 201)
            }
            // Every second one reads.
            try owners.add {
                running.port("store-admin")
            } request: { key in
                let fields = ["Cookie: \(running.cookie)"]
                return key.hasSuffix("0") || key.hasSuffix("5")
                    ? (LoadConnection.request("POST", "/api/sse/push-event", fields, json: #"{"data":1}"#), 200)
                    : (LoadConnection.request("GET", "/api/store-user/me", fields), 200)
            }
        }
        var report = Report(
            "ending",
            columns: [.init(name: "ms to the end", digits: 0), .init(name: "answered in the round", digits: 0)])
        var badEnds: [String] = []
        for round in 1...settings.rounds {
            for (name, clients) in [("api", customers), ("store-admin", owners)] {
                let before = clients.account.answered.count
                try await Task.sleep(for: .milliseconds(settings.load))
                let end = try running.child(name).terminate(within: 8)
                if let end, end.status == 0, end.seconds <= 5 {
                    report.add(name, [end.seconds * 1000, Double(clients.account.answered.count - before)])
                } else {
                    badEnds.append(
                        "round \(round), \(name): \(end.map { "status \($0.status), \($0.seconds) s" } ?? "killed")")
                }
                try running.startAgain(name)
            }
        }
        try await Task.sleep(for: .milliseconds(settings.load))
        customers.end()
        owners.end()
        let accepted = Set(customers.account.answered)
        let pushed = Set(owners.account.answered.filter { $0 > 0 })
        let deadline = monotonicSeconds() + 30
        while monotonicSeconds() < deadline,
            !seen.read({ accepted.isSubset(of: $0.orders.keys) && pushed.isSubset(of: $0.pushes) })
        {
            try await Task.sleep(for: .milliseconds(20))
        }
        // What should not come gets time to come.
        try await Task.sleep(for: .seconds(1))
        tab.close()
        running.end()
        try await broker.dispose()

        print("\(settings.rounds) rounds, \(settings.clients) clients a service\n")
        try report.print()
        var verdict = Verdict()
        verdict.require("exit code 0 within 5 s", badEnds.isEmpty, badEnds.isEmpty ? "always" : "\(badEnds)")
        for (name, account) in [("api", customers.account), ("store-admin", owners.account)] {
            verdict.require(
                "\(name): requests with another answer", account.others.isEmpty,
                "\(account.others.count) \(account.others.first ?? ""); \(account.answered.count) as wanted")
            verdict.require(
                "\(name): answers that broke off or never came", account.broken.isEmpty,
                "\(account.broken.count) \(account.broken.first ?? ""); closed before an answer: \(account.closed)")
        }
        let orders = seen.read { $0.orders }
        verdict.require(
            "orders answered 201, and orders that the tab saw", Set(orders.keys) == accepted,
            "\(accepted.count) and \(orders.count)")
        verdict.require(
            "orders that the tab saw twice", orders.values.allSatisfy { $0 == 1 }, "\(orders.values.count { $0 > 1 })")
        let pushes = seen.read { $0.pushes }
        verdict.require(
            "pushes answered 200, and pushes that the tab saw", pushes == pushed, "\(pushed.count) and \(pushes.count)")
        verdict.print()
        try verdict.finish()
    }
}

/// Clients who send one request after the other until they are told to end.
final class EndingClients: Sendable {
    struct Account {
        /// The ids in answers of the wanted status; 0 where there is none.
        var answered: [Int] = []
        var others: [String] = []
        var broken: [String] = []
        /// The connection ended before any octet of an answer.
        var closed = 0
    }

    private let state = Shared(Account())
    private let isOver = Shared(false)
    private let threads = Shared<[pthread_t]>([])

    var account: Account { state.read { $0 } }

    /// - Parameter request: gets a key that is used once; hands back the octets and the wanted status.
    func add(
        port: @escaping @Sendable () -> Int, request: @escaping @Sendable (String) -> ([UInt8], Int)
    ) throws {
        let thread = try spawnThread(named: "client") { [state, isOver] in
            let connection = LoadConnection(port: port())
            let run = UInt64.random(in: 0 ... .max)
            var number = 0
            while !isOver.read({ $0 }) {
                number += 1
                let (octets, wanted) = request("\(run)-\(number)")
                do throws(LoadConnection.Failure) {
                    let reply = try connection.exchange(octets, to: octets.first == 0x50 ? .post : .get)
                    state.update { state in
                        if reply.status == wanted {
                            state.answered.append(octets.first == 0x50 ? reply.number("id") ?? 0 : 0)
                        } else {
                            state.others.append("\(reply.status) \(reply.text)")
                        }
                    }
                } catch {
                    switch error {
                    case .refused: usleep(5000)
                    // It is not sent again: if it was worked on after all, an order comes that nobody was told of.
                    case .closed: state.update { $0.closed += 1 }
                    case .broken(let reason): state.update { $0.broken.append(reason) }
                    }
                }
            }
        }
        threads.update { $0.append(thread) }
    }

    func end() {
        isOver.update { $0 = true }
        for thread in threads.read({ $0 }) { pthread_join(thread, nil) }
    }
}
