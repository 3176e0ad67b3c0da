import EventLoop
import Glibc
import HTTP
import HTTPWire
import Testing

@Suite("Shutdown and many connections", .timeLimit(.minutes(2)))
struct LifeTests {
    @Test("a request in flight is answered at shutdown, and new connections are refused")
    func inFlight() async throws {
        let entered = Signal()
        let released = Signal()
        try await withServer { router in
            router.on(.get, "/slow") { _ in
                entered.fire()
                try await released.wait()
                return .text("done")
            }
            router.onInline(.get, "/") { _ in .text("ok") }
        } _: { server in
            let busy = try Client(server)
            let idle = try Client(server)
            #expect(try idle.get("/").status == 200)
            try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            try await entered.wait()
            let shutdown = try Shutdown(server, within: .seconds(8))
            #expect(try idle.endsCleanly())
            idle.close()
            #expect(throws: TestFailure.self) { _ = try Client(server).get("/") }
            released.fire()
            let reply = try busy.reply()
            #expect(reply.body == "done")
            #expect(reply["connection"] == "close")
            #expect(try busy.endsCleanly())
            busy.close()
            await shutdown.wait()
            #expect(server.statistics.openConnections == 0)
        }
    }

    @Test("a request on its way at shutdown is answered")
    func onItsWay() async throws {
        var configuration = fastConfiguration()
        configuration.idleGrace = .seconds(5)
        try await withServer(configuration: configuration) { router in
            router.onInline(.get, "/") { _ in .text("ok") }
        } _: { server in
            let client = try Client(server)
            #expect(try client.get("/").status == 200)
            let shutdown = try Shutdown(server, within: .seconds(8))
            // Until the shutdown has come to this connection's loop, replies leave it open.
            try await eventually {
                let reply = try? client.get("/")
                return reply?.status != 200 || reply?["connection"] == "close"
            }
            #expect(try client.endsCleanly())
            client.close()
            await shutdown.wait()
        }
    }

    @Test("a request that has arrived is answered at shutdown, also when the loop could not look at it before")
    func unread() async throws {
        var configuration = fastConfiguration()
        // Long enough to send a request to a busy machine.
        configuration.idleGrace = .seconds(2)
        let entered = Signal()
        try await withServer(configuration: configuration) { router in
            router.onInline(.get, "/") { _ in .text("ok") }
            router.onInline(.get, "/block") { _ in
                entered.fire()
                // The loop stands still until after the grace.
                usleep(2_500_000)
                return .text("blocked")
            }
        } _: { server in
            let blocking = try Client(server)
            let idle = try Client(server)
            #expect(try blocking.get("/").status == 200)
            #expect(try idle.get("/").status == 200)
            let shutdown = try Shutdown(server, within: .seconds(8))
            try await eventually { (try? Client(server)) == nil }
            try blocking.send("GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
            try await entered.wait()
            #expect(try idle.get("/").body == "ok")
            #expect(try blocking.reply().body == "blocked")
            #expect(try idle.endsCleanly())
            idle.close()
            blocking.close()
            await shutdown.wait()
        }
    }

    @Test("what does not end is closed at the deadline")
    func deadline() async throws {
        let entered = Signal()
        let released = Signal()
        try await withServer { router in
            router.on(.get, "/stuck") { _ in
                entered.fire()
                try await released.wait()
                return .text("late")
            }
        } _: { server in
            let client = try Client(server)
            try client.send("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n")
            try await entered.wait()
            let start = ContinuousClock.now
            await server.shutdown(within: .milliseconds(100))
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(server.statistics.openConnections == 0)
            released.fire()
        }
    }

    /// Octets of resident memory of this process.
    private func residentMemory() throws -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { throw TestFailure("no /proc") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { throw TestFailure("no statm") }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let parts = text.split(separator: " ")
        guard parts.count > 1, let pages = Int(parts[1]) else { throw TestFailure("no statm") }
        return pages * 4096
    }

    private var isSanitized: Bool {
        dlsym(nil, "__tsan_init") != nil || dlsym(nil, "__asan_init") != nil
    }

    @Test("thousands of idle connections and streams cost little memory, and the server still answers")
    func manyConnections() async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(7), &limit)
        limit.rlim_cur = min(limit.rlim_max, 20_000)
        setrlimit(__rlimit_resource_t(7), &limit)
        let count = min(3000, Int(limit.rlim_cur) / 4)
        try await withServer(loops: 2, configuration: fastConfiguration()) { router in
            router.onInline(.get, "/") { _ in .text("ok") }
            router.onInline(.get, "/events") { _ in .eventStream { _ in } }
        } _: { server in
            // What the first connections cost once is left out.
            for _ in 0..<10 { _ = try Client(server).get("/") }
            let before = try residentMemory()
            var clients: [Client] = []
            for number in 0..<count {
                let client = try Client(server)
                if number.isMultiple(of: 2) {
                    #expect(try client.get("/").status == 200)
                } else {
                    try client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
                    _ = try client.read(through: "\r\n\r\n")
                }
                clients.append(client)
            }
            try await eventually { server.statistics.openStreams == count / 2 }
            let each = (try residentMemory() - before) / count
            // The client's own objects and what other tests allocate meanwhile, up to some 100 MiB, are in it: how little it
            // is shows in a process of its own (EndToEnd, "Under load"). A sanitizer's shadow memory says nothing about ours.
            #expect(each < 65_536 || isSanitized)
            #expect(try Client(server).get("/").body == "ok")
            #expect(try clients[0].get("/").body == "ok")
        }
    }
}
