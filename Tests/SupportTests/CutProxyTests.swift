import Support
import Testing

@Suite("The cutting proxy")
struct CutProxyTests {
    private func echo() throws -> TestListener {
        try TestListener { socket in
            while case let bytes = try socket.read(), !bytes.isEmpty { try socket.write(bytes) }
        }
    }

    @Test("octets pass both ways, a cut is seen, and the next connection works")
    func cut() async throws {
        let server = try echo()
        let proxy = try CutProxy(to: server.port)
        let first = try TestSocket(port: proxy.port)
        try first.write("hello")
        #expect(try first.read() == Array("hello".utf8))
        proxy.cutAll()
        #expect(throws: SupportError.self) {
            let rest = try first.read()
            if rest.isEmpty { throw SupportError("a goodbye instead of a reset") }
        }
        let second = try TestSocket(port: proxy.port)
        try second.write("again")
        #expect(try second.read() == Array("again".utf8))
        proxy.cutAll(reset: false)
        #expect(try second.read() == [])
        try await eventually("no connections") { proxy.connections == 0 }
        #expect(proxy.accepted == 2)
    }

    @Test("refusing and accepting again happen on the same port")
    func refuse() async throws {
        let server = try echo()
        let proxy = try CutProxy(to: server.port)
        proxy.refuse()
        #expect(throws: SupportError.self) { try TestSocket(port: proxy.port) }
        try proxy.accept()
        let socket = try TestSocket(port: proxy.port)
        try socket.write("x")
        #expect(try socket.read() == Array("x".utf8))
    }

    @Test("a frozen connection hangs and then goes on without loss")
    func freeze() async throws {
        let server = try echo()
        let proxy = try CutProxy(to: server.port)
        let socket = try TestSocket(port: proxy.port, timeout: 0.2)
        try await proxy.waitForAccepted(1)
        proxy.freeze()
        try socket.write("late")
        #expect(throws: SupportError.self) { try socket.read() }
        proxy.resume()
        #expect(try socket.read() == Array("late".utf8))
    }

    @Test("a cut after so many octets lets exactly those through")
    func cutAfter() async throws {
        let seen = Guarded<[UInt8]>([])
        let server = try TestListener { socket in
            while case let bytes = try socket.read(), !bytes.isEmpty { seen.update { $0 += bytes } }
        }
        let proxy = try CutProxy(to: server.port)
        proxy.cutAfter(octets: 5)
        let socket = try TestSocket(port: proxy.port)
        try socket.write("1234567890")
        try await eventually("the end") { proxy.accepted == 1 && proxy.connections == 0 }
        #expect(seen.read { $0 } == Array("12345".utf8))
    }
}
