import Bytes
import CSystem
import EventLoop
import Glibc
import Synchronized
import Testing

/// Raises the soft limit of descriptors to the hard one, and gives that.
private func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
}

/// A server's side: echoes, and remembers each socket. On one loop only, hence `@unchecked Sendable`.
private final class EchoServer: @unchecked Sendable {
    private(set) var open = 0
    private(set) var most = 0
    private(set) var sockets: [(number: CInt, inode: ino_t)] = []
    private var whenEmpty: (() -> Void)?
    private var listener: Listener?

    private final class Connection: StreamHandler {
        private unowned let server: EchoServer
        private var stream: Stream?

        init(_ descriptor: consuming OwnedDescriptor, on loop: EventLoop, _ server: EchoServer) throws {
            self.server = server
            stream = try Stream(descriptor, on: loop, handler: self)
        }

        func streamDidReceive(_ received: ReceivedBytes) { stream?.write { $0.append(received.bytes) } }
        func streamDidDrain() {}
        func streamDidEnd() { stream?.closeAfterFlush() }
        func streamDidClose(_ error: SystemError?) {
            stream = nil
            server.didClose()
        }
    }

    func start(on loop: EventLoop) throws -> Int {
        let listener = try Listener(loopbackAddress(), on: loop) { [unowned self] descriptor, _ in
            var status = stat()
            fstat(descriptor.number, &status)
            sockets.append((descriptor.number, status.st_ino))
            guard (try? Connection(descriptor, on: loop, self)) != nil else { return }
            open += 1
            most = max(most, open)
        }
        self.listener = listener
        return listener.address.port
    }

    private func didClose() {
        open -= 1
        if open == 0 { whenEmpty?() }
    }

    func close(whenEmpty body: @escaping () -> Void) {
        listener?.close()
        whenEmpty = body
        if open == 0 { body() }
    }

    /// Sockets that were accepted and still are what their number stands for.
    var leaked: Int {
        sockets.count { socket in
            var status = stat()
            return fstat(socket.number, &status) == 0 && status.st_ino == socket.inode
        }
    }
}

@Suite("Ten thousand connections", .timeLimit(.minutes(1)))
struct TenThousandTests {
    private static let count = 10_000

    @Test("are open at once on one loop, each echoes an octet, and none leaves a descriptor behind")
    func tenThousand() async throws {
        // The clients are a process of their own: both ends in one would need twice the descriptors.
        let limit = raiseDescriptorLimit()
        try #require(limit >= Self.count + 1000, "this test needs 11,000 descriptors (ulimit -Hn)")
        try await withLoop { loop in
            let server = EchoServer()
            let port = try await loop.performing { try server.start(on: loop) }
            await #expect(processExitsWith: .success) { [port = port as Int] in
                try await TenThousandTests.connectAndEcho(port)
            }
            await withCheckedContinuation { continuation in
                loop.execute { server.close { continuation.resume() } }
            }
            let (most, leaked) = await loop.perform { (server.most, server.leaked) }
            #expect(most == Self.count)
            #expect(leaked == 0)
        }
    }

    private static func connectAndEcho(_ port: Int) async throws {
        _ = raiseDescriptorLimit()
        let address = try loopbackAddress(port: port)
        try await withLoop { loop in
            let before = openSockets()
            let endpoints = try await withThrowingTaskGroup(of: [Endpoint].self) { group in
                for _ in 0..<100 {
                    group.addTask(executorPreference: loop) {
                        var endpoints: [Endpoint] = []
                        for index in 0..<count / 100 {
                            let number = try await loop.connect(address, timeout: .seconds(30)).take()
                            // Most are reset when they close: ten thousand ports in TIME_WAIT would be missed by others.
                            if index % 10 != 0 { resetWhenClosed(number) }
                            endpoints.append(
                                try await loop.performing { try Endpoint.open(OwnedDescriptor(number), on: loop) })
                        }
                        return endpoints
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            await loop.perform {
                for (number, endpoint) in endpoints.enumerated() {
                    endpoint.stream?.write { $0.append(UInt8(truncatingIfNeeded: number)) }
                }
            }
            var wrong = 0
            for (number, endpoint) in endpoints.enumerated()
            where await endpoint.read(1) != [UInt8(truncatingIfNeeded: number)] {
                wrong += 1
            }
            #expect(wrong == 0)
            await loop.perform { for endpoint in endpoints { endpoint.stream?.close() } }
            #expect(openSockets() <= before)
        }
    }
}
