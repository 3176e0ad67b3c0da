import Support
import Testing

extension ServiceTests {
    @Suite("Starting on a database that is filled", .serialized)
    struct StartTests {
        // An unoptimised build has more code to load, and may share the machine with other tests.
        #if DEBUG
            private static let startFactor = 4.0
        #else
            private static let startFactor = 1.0
        #endif
        // A sanitizer keeps a shadow of all memory.
        #if THREAD_SANITIZER || ADDRESS_SANITIZER
            private static let mostMemory = 300_000_000
        #else
            // An unoptimised build is larger by some megabytes, and is loaded as it runs.
            #if DEBUG
                private static let mostMemory = 36_000_000
            #else
                private static let mostMemory = 30_000_000
            #endif
        #endif

        @Test("each service is live within 200 ms and keeps below 30 MB while it is idle")
        func start() async throws {
            let broker = try await RabbitMQBroker.shared()
            let host = try await broker.makeVirtualHost()
            let pair = try await ServicePair.start(broker: broker.url(virtualHost: host)) { path in
                try await ServiceData.makeFilled(at: path, orders: 20_000)
            }
            for service in [pair.api, pair.admin] {
                service.http.closeIdle()
                try await service.terminate()
                var times: [Duration] = []
                for _ in 0..<5 {
                    let start = ContinuousClock.now
                    try await service.startAgain()
                    #expect(try await service.http.get("/health/live").status == 200)
                    times.append(ContinuousClock.now - start)
                    // An ending service waits for its clients to say goodbye.
                    service.http.closeIdle()
                    try await service.terminate()
                }
                // The best of five: the others tell how busy the machine is.
                #expect(try #require(times.min()) < .milliseconds(200) * Self.startFactor, "\(service.name): \(times)")
            }
            for service in [pair.api, pair.admin] { try await service.startAgain() }
            try await pair.waitUntilUp()
            for service in [pair.api, pair.admin] {
                let memory = service.residentMemory
                #expect(memory > 0)
                #expect(memory < Self.mostMemory, "\(service.name): \(memory)")
            }
            let owner = pair.admin.http.with(cookie: try await pair.session())
            #expect(try await owner.get("/api/user-order/history").json["body"].array.count == 100)
            try await pair.stop()
            try await broker.deleteVirtualHost(host)
        }
    }
}
