import Delivery
import EventLoop
import FoundationEssentials
import Glibc
import HTTP
import HTTPWire
import SQLite
import Service
import Web

/// Our server as a process of its own: this program, started with `http-server`.
enum HTTPServerProcess {
    static let command = "http-server"

    static let help = """
        bench http-server [OPTION]…: the HTTP server and the event streams of the services, for a load generator. It prints
        its port. GET /json answers 33 octets, GET /json-async the same from a task; GET /sub is an event stream; POST
        /pub appends its body to the event log of a database of its own, durably, and all streams get it as one event.

          --port N     where it listens on 127.0.0.1; 0 takes a free port (0)
          --loops N    event loops (1)
          --greets     streams begin with `onopen` and get heartbeats, as those of the services do
          --attached   ends when its standard input does, instead of by a signal
        """

    private struct Settings {
        var port = 0
        var loops = 1
        var greets = false
        var isAttached = false

        init(_ list: [String]) throws {
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--port": port = try arguments.number(0...65_535)
                case "--loops": loops = try arguments.number(1...64)
                case "--greets": greets = true
                case "--attached": isAttached = true
                default: throw arguments.unknown(HTTPServerProcess.help)
                }
            }
        }
    }

    static func start(_ options: [String] = []) throws -> (child: Child, port: Int) {
        let child = try Child(Options.ownPath, [command, "--attached"] + options)
        guard let port = child.readLine().flatMap({ Int($0) }) else {
            throw BenchmarkError("our own server did not start")
        }
        return (child, port)
    }

    static func run(_ list: [String]) async throws {
        if list.contains("--help") { return print(help) }
        let settings = try Settings(list)
        let database = try await DeliveryDatabase.open(
            path: "\(try CleanUp.makeFolder())/delivery.db", demoData: false)
        let group = try EventLoopGroup(count: settings.loops)
        let streams = EventStreams(
            group.loops, database: database, metrics: Metrics(),
            log: Logger(service: "bench", level: .error, format: .text), greets: settings.greets)
        guard let address = SocketAddress.numeric("127.0.0.1", port: settings.port) else {
            throw BenchmarkError("127.0.0.1 is no address")
        }
        var configuration = ServerConfiguration()
        if settings.greets { configuration.eventStreams.heartbeat = { EventStreams.heartbeat() } }
        let server = try await HTTPServer.start(
            address, router(database, streams), configuration: configuration, on: group)
        print(server.address.port)
        fflush(nil)
        guard settings.isAttached else {
            // Until a signal ends it.
            while true { try await Task.sleep(for: .seconds(3600)) }
        }
        var octet: UInt8 = 0
        while read(0, &octet, 1) > 0 {}
        await server.shutdown(within: .zero)
        await database.close()
        group.stop()
    }

    private static func router(_ database: Database, _ streams: EventStreams) -> Router {
        let topic = FeedTopic("bench")
        var router = Router()
        router.onInline(.get, "/json") { _ in .json(HTTPBenchmark.body) }
        router.on(.get, "/json-async") { _ in .json(HTTPBenchmark.body) }
        router.onInline(.get, "/sub") { _ in streams.response(topic, after: nil, session: nil) }
        router.on(.post, "/pub") { request in
            let data = request.body
            try await database.write { db in
                try db.run(
                    "INSERT INTO feed_event(topic, name, data, created_at) VALUES (?, '', ?, ?)", topic.description,
                    data, Timestamp.now.milliseconds)
                let event = FeedEvent(id: Int(db.lastInsertRowID), topic: topic, name: "", data: data)
                db.afterCommit { streams.offer([event]) }
            }
            return .empty()
        }
        return router
    }
}
