import EventLoop
import Glibc
@testable import HTTP
import HTTPWire
import Testing

/// Counted at the client: what one system call sends over loopback arrives as one segment.
@Suite("System calls of a server", .timeLimit(.minutes(1)))
struct WriteTests {
    private static let large = SharedBytes(Array(repeating: UInt8(ascii: "x"), count: Connection.copyLimit + 1))

    private func requests(_ paths: [String]) -> String {
        paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
    }

    private func withRoutes(_ body: (HTTPServer) async throws -> Void) async throws {
        try await withServer(
            routes: { router in
                router.onInline(.get, "/inline") { _ in .json("{}") }
                router.on(.get, "/async") { _ in .json("{}") }
                router.onInline(.get, "/large") { _ in
                    Response(contentType: "text/plain", body: .shared(Self.large))
                }
            }, body)
    }

    @Test(
        "replies to requests that arrive together leave in one write",
        arguments: [
            Array(repeating: "/inline", count: 32), Array(repeating: "/async", count: 32),
            ["/inline", "/large", "/inline", "/async"],
        ])
    func pipelined(paths: [String]) async throws {
        try await withRoutes { server in
            let client = try Client(server)
            #expect(try client.get("/inline").status == 200)
            let before = try client.segments()
            try client.send(requests(paths))
            for _ in paths { #expect(try client.reply().status == 200) }
            #expect(try client.segments() - before == 1)
        }
    }

    @Test("a stream's events of one turn leave in one write, at each stream")
    func events() async throws {
        try await EventStreamTests().run { server, subscribers in
            let clients = try (0..<3).map { _ in try EventStreamTests().open(server) }
            try await eventually { subscribers.count == 3 }
            let before = try clients.map { try $0.segments() }
            subscribers.publish((1...5).map { "data: \($0)\n\n" })
            for client in clients { _ = try client.read(through: "data: 5\n\n") }
            #expect(try zip(clients, before).map { try $0.segments() - $1 } == [1, 1, 1])
        }
    }
}

extension Client {
    /// Segments with data that have arrived (`tcpi_data_segs_in`).
    func segments() throws -> Int {
        // linux/tcp.h, struct tcp_info, which only grows at its end; glibc's own ends before this field.
        let offset = 152
        var info = [UInt8](repeating: 0, count: 256)
        var size = socklen_t(info.count)
        guard getsockopt(descriptor, CInt(IPPROTO_TCP), CInt(TCP_INFO), &info, &size) == 0, size >= offset + 4 else {
            throw TestFailure("TCP_INFO: errno \(errno)")
        }
        return Int(info.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) })
    }
}
