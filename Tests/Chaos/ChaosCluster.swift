import Foundation
import Support

/// A RabbitMQ of its own, and so many `api` and `store-admin` on one new database file, with the demo data.
final class ChaosCluster: Sendable {
    let broker: RabbitMQBroker
    let apis: [ServiceProcess]
    let admins: [ServiceProcess]
    let nodes: [ChaosTarget: ChaosNode]
    let folder: String

    var databasePath: String { folder + "/delivery.db" }
    private var services: [ServiceProcess] { apis + admins }

    private init(
        _ broker: RabbitMQBroker, apis: [ServiceProcess], admins: [ServiceProcess], folder: String,
        _ ledger: ChaosLedger
    ) {
        self.broker = broker
        self.apis = apis
        self.admins = admins
        self.folder = folder
        var nodes: [ChaosTarget: ChaosNode] = [:]
        func add(_ target: ChaosTarget, _ process: ChaosNode.Process) {
            let name = "\(target)".replacingOccurrences(of: " ", with: "-")
            nodes[target] = ChaosNode(target, process, log: "\(folder)/\(name).log", ledger)
        }
        add(ChaosTarget(.broker), .broker(broker))
        for (number, service) in apis.enumerated() { add(ChaosTarget(.api, number), .service(service)) }
        for (number, service) in admins.enumerated() { add(ChaosTarget(.storeAdmin, number), .service(service)) }
        self.nodes = nodes
    }

    /// - Parameter folder: exists and is empty.
    static func start(_ settings: ChaosSettings, folder: String, _ ledger: ChaosLedger) async throws -> ChaosCluster {
        let broker = try await RabbitMQBroker.start()
        let environment = [
            "RABBITMQ_URL": broker.url, "DATABASE_PATH": folder + "/delivery.db", "DEMO_DATA": "1",
            "LOG_LEVEL": "info",
        ]
        func start(_ name: String) async throws -> [ServiceProcess] {
            try await withThrowingTaskGroup(of: ServiceProcess.self) { group in
                for _ in 0..<settings.instances {
                    group.addTask { try await ServiceProcess.start(name, environment: environment, within: 30) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        async let apis = start("api")
        async let admins = start("store-admin")
        let cluster = try await ChaosCluster(broker, apis: apis, admins: admins, folder: folder, ledger)
        try await cluster.waitUntilUp(within: 30)
        return cluster
    }

    /// Waits until every service is connected to the broker.
    func waitUntilUp(within seconds: Double) async throws {
        for service in services {
            try await eventually("\(service.name) says UP", within: seconds) {
                try await service.http.get("/health/ready").json["status"].string == "UP"
            }
        }
    }

    /// Access tokens of the demo customers.
    func customers() async throws -> [String] {
        var tokens: [String] = []
        for email in ["customer@example.com", "customer2@example.com"] {
            let reply = try await apis[0].http.post(
                "/open-api/user/login", json: ["email": .string(email), "password": "password"])
            guard let token = reply.json["body"]["access_token"].string else {
                throw SupportError("\(email) cannot log in: \(reply.status) \(reply.text)")
            }
            tokens.append(token)
        }
        return tokens
    }

    /// The `Cookie` header of a store's owner.
    func session(store: Int) async throws -> String {
        let reply = try await admins[0].http.post(
            "/login", json: ["email": .string("owner\(store)@example.com"), "password": "password"])
        guard let session = reply.cookie("store_session") else {
            throw SupportError("owner\(store) cannot log in: \(reply.status) \(reply.text)")
        }
        return "store_session=\(session)"
    }

    /// Messages in all queues of the services, by queue; those that are empty are left out.
    func waitingMessages() async throws -> [String: Int] {
        try await broker.queues().mapValues(\.messages).filter { $0.value > 0 }
    }

    /// SIGTERM for every service; each has to end with code 0.
    func end(_ ledger: ChaosLedger) async {
        await withDiscardingTaskGroup { group in
            for (target, node) in nodes where target.kind != .broker {
                group.addTask {
                    do { try await node.end() } catch { ledger.violate("\(target) at the end: \(error)") }
                }
            }
        }
        nodes[ChaosTarget(.broker)]?.examine()
    }

    /// The lock files by which processes of `api` are known to be alive.
    func instanceFiles() -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.contains(".instance-") }
    }

    /// What still runs although it has been ended: processes with the database's path in their environment.
    func leaked() -> [String] {
        let mark = "DATABASE_PATH=" + databasePath
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { name in
            guard Int32(name) != nil, let data = FileManager.default.contents(atPath: "/proc/\(name)/environ") else {
                return false
            }
            return data.split(separator: 0).contains { $0.elementsEqual(mark.utf8) }
        }
    }

    /// Ends everything at once.
    func dispose() async {
        for service in services where service.isRunning { try? await service.kill() }
        try? await broker.dispose()
    }
}
