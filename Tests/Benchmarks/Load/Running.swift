import Glibc
import Synchronized

/// The two services as processes on one database, with logins of the demo data; either may end and start again.
final class Running: Sendable {
    private struct State {
        var children: [String: (child: Child, port: Int)] = [:]
    }

    private let services: Services
    private let state = Lock(State())
    let token: String
    let cookie: String

    /// Starts both.
    init(_ services: Services) throws {
        self.services = services
        token = try Running.logIn(try Running.start("api", services, state, port: 0))
        cookie = try Running.logInStore(try Running.start("store-admin", services, state, port: 0))
    }

    /// Returns its port.
    @discardableResult
    private static func start(
        _ name: String, _ services: Services, _ state: borrowing Lock<State>, port: Int
    ) throws -> Int {
        let started = try services.start(name, port: port)
        started.child.drain()
        state.withLock { $0.children[name] = started }
        return started.port
    }

    func port(_ name: String) -> Int { state.withLock { $0.children[name]?.port ?? 0 } }
    func child(_ name: String) throws -> Child {
        guard let child = state.withLock({ $0.children[name]?.child }) else { throw BenchmarkError("no \(name)") }
        return child
    }

    /// Octets of resident memory; 0 while it does not run.
    func memory(_ name: String) -> Int {
        guard let pid = state.withLock({ $0.children[name]?.child.pid }) else { return 0 }
        return ((try? ProcessCounters.memory(pid)) ?? 0) * 1024
    }

    /// Starts a service that has ended, on the port it had.
    func startAgain(_ name: String) throws { try Running.start(name, services, state, port: port(name)) }

    /// Waits until `/health/ready` of both says `UP`, which it does once the broker has them.
    func waitUntilUp(within seconds: Double = 30) throws {
        let deadline = monotonicSeconds() + seconds
        for name in Services.names {
            while try Probe.get("/health/ready", port: port(name)).body.contains("\"status\":\"UP\"") == false {
                guard monotonicSeconds() < deadline else { throw BenchmarkError("\(name) does not say UP") }
                usleep(20_000)
            }
        }
    }

    /// The value of a metric without labels.
    func metric(_ metric: String, of name: String) -> Double? {
        guard let text = try? Probe.get("/metrics", port: port(name)).body else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(metric + " ") {
            return Double(line.dropFirst(metric.utf8.count + 1))
        }
        return nil
    }

    func end() {
        let children = state.withLock { state in
            defer { state.children = [:] }
            return state.children.values.map(\.child)
        }
        for child in children { child.end() }
    }

    // MARK: - Logins of the demo data

    private static func logIn(_ port: Int) throws -> String {
        let reply = try LoadConnection(port: port).exchange(
            LoadConnection.request(
                "POST", "/open-api/user/login", json: #"{"email":"customer@example.com","password":"password"}"#))
        guard let start = reply.text.firstRange(of: "\"access_token\":\"")?.upperBound else {
            throw BenchmarkError("the customer cannot log in: \(reply.status) \(reply.text)")
        }
        return String(reply.text[start...].prefix { $0 != "\"" })
    }

    private static func logInStore(_ port: Int) throws -> String {
        let reply = try LoadConnection(port: port).exchange(
            LoadConnection.request(
                "POST", "/login", json: #"{"email":"owner1@example.com","password":"password"}"#))
        guard let cookie = reply.cookie else {
            throw BenchmarkError("the owner cannot log in: \(reply.status) \(reply.text)")
        }
        return String(cookie.prefix { $0 != ";" })
    }
}
