import Delivery
import EventLoop
import HTTP
import HTTPWire
import SQLite
import Service
import Support
import Synchronization
import Web

/// One of several instances on one database file: its own connections, loops and port, with nothing but event streams.
struct Instance: Sendable {
    let database: Database
    let streams: EventStreams
    let metrics: Metrics
    private let server: HTTPServer
    private let group: EventLoopGroup
    private let log: Logger

    /// - Parameters:
    ///   - polling: by default never, so that only hints tell.
    ///   - grown: what it tells the others.
    static func start(
        at path: String, polling: EventStreams.Polling = .never, grown: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> Instance {
        let database = try await DeliveryDatabase.open(path: path, demoData: true)
        let group = try EventLoopGroup(count: 2)
        let log = Logger(service: "test", level: .error, format: .text)
        let metrics = Metrics()
        let streams = EventStreams(
            group.loops, database: database, metrics: metrics, log: log, polling: polling, grown: grown)
        var router = Router()
        // Whether the session holds is not asked here: a session may end between the question and the stream.
        router.on(.get, "/store/{id}") { request in
            let session = try request.query("session").map { SessionID(token: $0) }
            return streams.response(
                .store(try request.id(orThrow: .storeNotFound)), after: try EventStreams.cursor(of: request),
                session: session)
        }
        guard let address = SocketAddress.numeric("127.0.0.1", port: 0) else { throw SupportError("no address") }
        let server = try await HTTPServer.start(address, router, on: group)
        return Instance(database, streams, metrics, server, group, log)
    }

    private init(
        _ database: Database, _ streams: EventStreams, _ metrics: Metrics, _ server: HTTPServer,
        _ group: EventLoopGroup, _ log: Logger
    ) {
        (self.database, self.streams, self.server, self.group) = (database, streams, server, group)
        (self.metrics, self.log) = (metrics, log)
    }

    func stream(_ store: Int = 1, after cursor: Int? = nil, session: String? = nil) -> EventStreamClient {
        EventStreamClient(
            port: UInt16(server.address.port),
            path: "/store/\(store)\(session.map { "?session=\($0)" } ?? "")", lastEventID: cursor.map { "\($0)" })
    }

    /// A stream that is open and live.
    func liveStream(_ store: Int = 1, session: String? = nil) async throws -> EventStreamClient {
        let stream = stream(store, session: session)
        try await stream.connect()
        try await stream.event("onopen") { $0.event == "onopen" }
        return stream
    }

    @discardableResult
    func push(_ store: Int = 1) async throws -> Int {
        try await database.write { [streams] db in
            let event = try Feed.push(store: store, data: .null, in: db)
            db.afterCommit { streams.offer([event]) }
            return event.id
        }
    }

    /// A session of a demo owner, without the cost of a password.
    func session(expires: Duration = .seconds(3600)) async throws -> String {
        let token = try Secrets.token()
        try await database.write { db in
            try db.run(
                "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, 'SESSION', 1, ?)",
                Secrets.sha256(token), Timestamp.now.adding(expires).milliseconds)
        }
        return token
    }

    func logOut(_ session: String) async throws {
        try await Accounts(database: database, passwords: PasswordWorker())
            .logoutStoreUser(session: session) { [streams] in streams.offer([$0]) }
    }

    /// A line of the metrics, without its name.
    func metric(_ name: String) -> String? {
        String(decoding: metrics.render(), as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
    }

    func stop() async throws {
        await server.shutdown(within: .zero)
        await database.close()
        try await onOwnThread { [group, log] in
            group.stop()
            log.close()
        }
    }
}

extension EventStreams.Polling {
    static var never: Self { Self(.seconds(3600)) }
    static var often: Self { Self(.milliseconds(20)) }

    private init(_ interval: Duration) {
        self.init()
        (log, sessions) = (interval, interval)
    }
}
