import CSystem
import EventLoop
import Glibc
import Testing

/// A listener that accepts nothing and whose backlog is full, so that a connection to it gets no answer.
final class FullListener {
    private let listening: BoundSocket
    private let fillers: [CInt]
    let port: Int

    init() throws {
        listening = try BoundSocket(backlog: 0)
        port = listening.port
        var fillers: [CInt] = []
        for _ in 0..<4 { fillers.append(try connectRaw(port: port).take()) }
        self.fillers = fillers
    }

    deinit { for filler in fillers { close(filler) } }
}

@Suite("Connecting", .timeLimit(.minutes(1)))
struct ConnectTests {
    @Test("to a port without a listener is refused, and says so with host and port")
    func refused() async throws {
        try await withLoop { loop in
            let bound = try BoundSocket(backlog: nil)
            let port = bound.port
            let error = await #expect(throws: ConnectError.self) {
                _ = try await loop.connect(host: loopback, port: port, timeout: .seconds(20)).number
            }
            #expect(error?.failures == [SystemError("connect", code: ECONNREFUSED)])
            #expect(error?.description == "cannot connect to 127.0.0.1:\(port): Connection refused")
        }
    }

    @Test("to a host that does not answer ends in time")
    func timeout() async throws {
        try await withLoop { loop in
            let full = try FullListener()
            let port = full.port
            let start = ContinuousClock.now
            let error = await #expect(throws: ConnectError.self) {
                _ = try await loop.connect(host: loopback, port: port, timeout: .milliseconds(30)).number
            }
            #expect(error?.failures.map(\.code) == [ETIMEDOUT])
            #expect(ContinuousClock.now - start >= .milliseconds(30))
        }
    }

    @Test("to a name tries its addresses, and resolves off the loop")
    func localhost() async throws {
        try await withLoop { loop in
            let listening = try BoundSocket(backlog: 4)
            let descriptor = try await loop.connect(host: "localhost", port: listening.port, timeout: .seconds(20))
            let number = descriptor.number
            let flags = fcntl(number, F_GETFL)
            #expect(flags & O_NONBLOCK != 0)
            #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
            let accepted = try listening.accept()
            send(accepted.number, "x", 1, 0)
            let endpoint = try await loop.performing { [number = descriptor.take()] in
                try Endpoint.open(OwnedDescriptor(number), on: loop)
            }
            #expect(await endpoint.read(1) == Array("x".utf8))
        }
    }

    @Test(
        "to what is no address fails with the name in the error",
        arguments: [
            (String(repeating: "x", count: 64) + ".invalid", 1), ("localhost", 65_536), ("127.0.0.1", -1),
            ("::1", 70_000),
        ])
    func unresolvable(_ host: String, _ port: Int) async throws {
        try await withLoop { loop in
            let error = await #expect(throws: ResolutionError.self) {
                _ = try await loop.connect(host: host, port: port, timeout: .seconds(20)).number
            }
            #expect(error?.host == host)
            #expect(error?.description.hasPrefix("cannot resolve \(host): ") == true)
        }
    }

    @Test("can be cancelled while it resolves and while it connects, and gives the descriptor back")
    func cancellation() async {
        // A process of its own, so that nobody else opens descriptors meanwhile.
        await #expect(processExitsWith: .success) {
            try await withLoop { loop in
                let full = try FullListener()
                let port = full.port
                func cycle(_ host: String, turns: Int) async {
                    let task = Task {
                        try await loop.connect(host: host, port: port, timeout: .seconds(3600)).number
                    }
                    await loop.turns(turns)
                    task.cancel()
                    await #expect(throws: CancellationError.self) { _ = try await task.value }
                }
                await cycle(loopback, turns: 5)
                let before = openSockets()
                for turns in [0, 0, 1, 2, 3, 10] {
                    for _ in 0..<20 { await cycle(loopback, turns: turns) }
                }
                #expect(openSockets() <= before)
                for turns in [0, 1, 2] { await cycle("localhost", turns: turns) }
            }
        }
    }

    @Test("reads addresses written in digits")
    func numeric() throws {
        let four = try #require(SocketAddress.numeric("127.0.0.1", port: 5672))
        #expect(four.description == "127.0.0.1:5672")
        let six = try #require(SocketAddress.numeric("::1", port: 443))
        #expect(six.description == "[::1]:443")
        for text in ["", "localhost", "127.0.0", "256.0.0.1", ":::", "127.0.0.1 "] {
            #expect(SocketAddress.numeric(text, port: 1) == nil)
        }
        #expect(SocketAddress.numeric("127.0.0.1", port: 65_536) == nil)
    }
}
