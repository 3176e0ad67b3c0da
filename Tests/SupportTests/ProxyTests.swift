import Support
import Testing

@Suite("The proxy", .timeLimit(.minutes(1)))
struct ProxyTests {
    private func echo() throws -> TestListener {
        try TestListener { socket in
            while case let bytes = try socket.read(), !bytes.isEmpty { try socket.write(bytes) }
        }
    }

    /// Reads so many octets, however they come; the number of reads too.
    private func read(_ count: Int, from socket: TestSocket) throws -> (octets: [UInt8], reads: Int) {
        var all: [UInt8] = []
        var reads = 0
        while all.count < count {
            let some = try socket.read()
            if some.isEmpty { throw SupportError("the end after \(all.count) octets") }
            all += some
            reads += 1
        }
        return (all, reads)
    }

    @Test("octets pass both ways and are counted, a cut is seen, and the next connection works")
    func cut() async throws {
        let server = try echo()
        let proxy = try Proxy(to: server.port)
        let first = try TestSocket(port: proxy.port)
        try first.write("hello")
        #expect(try read(5, from: first).octets == Array("hello".utf8))
        #expect(proxy.octets(.toServer) == 5 && proxy.octets(.toClient) == 5)
        proxy.cutAll()
        #expect(throws: SupportError.self) {
            let rest = try first.read()
            if rest.isEmpty { throw SupportError("a goodbye instead of a reset") }
        }
        let second = try TestSocket(port: proxy.port)
        try second.write("again")
        #expect(try read(5, from: second).octets == Array("again".utf8))
        proxy.cutAll(.goodbye)
        #expect(try second.read() == [])
        #expect(proxy.connections == 0 && proxy.accepted == 2 && proxy.cuts == 2)
    }

    @Test("the end of one direction is passed on, and the other goes on")
    func halfClosed() async throws {
        let server = try TestListener { socket in
            let all = try socket.readToEnd()
            try socket.write(all)
        }
        let proxy = try Proxy(to: server.port)
        let socket = try TestSocket(port: proxy.port)
        let octets = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let reader = Task { try await onOwnThread { try socket.readToEnd() } }
        try socket.write(octets)
        socket.finishWriting()
        #expect(try await reader.value == octets)
        try await eventually("no connections") { proxy.connections == 0 }
        #expect(proxy.cuts == 0)
    }

    @Test("refusing and accepting again happen on the same port; nobody behind it is a reset")
    func refuse() async throws {
        let server = try echo()
        let proxy = try Proxy(to: server.port)
        proxy.refuse()
        #expect(throws: SupportError.self) { try TestSocket(port: proxy.port) }
        try proxy.accept()
        let socket = try TestSocket(port: proxy.port)
        try socket.write("x")
        #expect(try socket.read() == Array("x".utf8))
        proxy.retarget(to: try FreePort.next())
        let lost = try TestSocket(port: proxy.port)
        #expect(throws: SupportError.self) { if try lost.read().isEmpty { throw SupportError("the end") } }
        try await eventually("one connection") { proxy.connections == 1 }
    }

    @Test("a frozen connection hangs and then goes on without loss")
    func freeze() async throws {
        let server = try echo()
        let proxy = try Proxy(to: server.port)
        let socket = try TestSocket(port: proxy.port, timeout: 0.2)
        try await proxy.waitForAccepted(1)
        proxy.freeze()
        try socket.write("late")
        #expect(throws: SupportError.self) { try socket.read() }
        proxy.resume()
        #expect(try read(4, from: socket).octets == Array("late".utf8))
    }

    @Test("a frozen direction fills the window of its sender; a swallowed one takes everything")
    func window() async throws {
        let seen = Guarded(0)
        let server = try TestListener { socket in
            while case let bytes = try socket.read(), !bytes.isEmpty { seen.update { $0 += bytes.count } }
        }
        let proxy = try Proxy(to: server.port, receiveBuffer: 16 << 10)
        proxy.freeze(.toServer)
        let socket = try TestSocket(port: proxy.port, timeout: 0.3)
        let part = [UInt8](repeating: 1, count: 1 << 20)
        #expect(throws: SupportError.self) { for _ in 0..<32 { try socket.write(part) } }
        #expect(proxy.octets(.toServer) == 0)
        proxy.resume()
        try await eventually("what waited") { seen.read { $0 } > 16 << 10 }
        proxy.swallow(.toServer)
        let other = try TestSocket(port: proxy.port)
        let before = proxy.octets(.toServer)
        for _ in 0..<32 { try other.write(part) }
        #expect(proxy.octets(.toServer) == before)
        #expect(other.isQuiet)
    }

    @Test("a cut after so many octets lets exactly those through", arguments: [0, 1, 5, 9], [true, false])
    func cutAfter(_ octets: Int, _ isReset: Bool) async throws {
        let seen = Guarded<(octets: [UInt8], end: Bool?)>(([], nil))
        let server = try TestListener { socket in
            do {
                while case let bytes = try socket.read(), !bytes.isEmpty { seen.update { $0.octets += bytes } }
                seen.update { $0.end = true }
            } catch {
                seen.update { $0.end = false }
            }
        }
        let proxy = try Proxy(to: server.port)
        proxy.cut(after: octets, .toServer, with: isReset ? .reset : .goodbye)
        let socket = try TestSocket(port: proxy.port)
        try socket.write("1234567890")
        try await proxy.waitForCuts(1)
        try await eventually("the server's end") { seen.read { $0.end != nil } }
        #expect(seen.read { $0.octets } == Array("1234567890".utf8.prefix(octets)))
        #expect(seen.read { $0.end } == !isReset)
        // Once only.
        let next = try TestSocket(port: proxy.port)
        try next.write("1234567890")
        try await eventually("the next one's octets") { seen.read { $0.octets.count } == octets + 10 }
    }

    @Test("octets come one by one, as slowly as they are allowed to, and late")
    func slow() async throws {
        let server = try echo()
        let proxy = try Proxy(to: server.port)
        let socket = try TestSocket(port: proxy.port)
        let octets = [UInt8](0..<200)
        proxy.change(.toClient) {
            $0.pieceMax = 1
            $0.octetsPerSecond = 2000
        }
        var start = ContinuousClock.now
        try socket.write(octets)
        let pieces = try read(200, from: socket)
        #expect(pieces.octets == octets)
        // The thread that reads may be held up now and then.
        #expect(pieces.reads > 50)
        #expect(ContinuousClock.now - start > .milliseconds(90))

        proxy.change(.toClient) { $0 = Proxy.Rules() }
        proxy.change { $0.delay = .milliseconds(40) }
        start = .now
        try socket.write(octets)
        #expect(try read(200, from: socket).octets == octets)
        #expect(ContinuousClock.now - start >= .milliseconds(80))

        proxy.change { $0 = Proxy.Rules() }
        proxy.change(.toServer) { $0.octetsPerSecond = 1 << 20 }
        start = .now
        let large = [UInt8](repeating: 7, count: 256 << 10)
        let reader = Task { try await onOwnThread { try read(large.count, from: socket).octets } }
        try socket.write(large)
        #expect(try await reader.value == large)
        let time = ContinuousClock.now - start
        #expect(time > .milliseconds(200) && time < .seconds(2))
    }

    @Test("closing ends every connection and the port, and calls after it do nothing")
    func close() async throws {
        let server = try echo()
        let proxy = try Proxy(to: server.port)
        let socket = try TestSocket(port: proxy.port)
        try await proxy.waitForAccepted(1)
        proxy.close()
        #expect(try socket.read() == [])
        #expect(throws: SupportError.self) { try TestSocket(port: proxy.port) }
        proxy.freeze()
        proxy.close()
        #expect(proxy.connections == 0)
    }
}
