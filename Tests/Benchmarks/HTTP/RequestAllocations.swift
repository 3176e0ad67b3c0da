import AllocationCounter
import EventLoop
import Glibc
import HTTP
import HTTPWire

/// Heap allocations a request of the server: it runs in this process, and its client on this thread allocates nothing.
enum RequestAllocations {
    private struct Line {
        let name: String
        let request: String
        /// Requests that are sent together.
        var batch = 1
        /// Allocations a request.
        let limit: Double
    }

    static let limits = "1 for an inline handler, 5 for an async one"

    private static let get = "HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"

    private static let lines = [
        Line(name: "inline handler", request: "GET /json \(get)", limit: 1),
        Line(name: "inline handler, 16 pipelined", request: "GET /json \(get)", batch: 16, limit: 1),
        Line(
            name: "inline handler, a body of 100 octets",
            request: "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
                + String(repeating: "x", count: 100), limit: 1),
        Line(name: "async handler", request: "GET /json-async \(get)", limit: 5),
    ]

    private static let requests = 32_000
    /// What grows now and then, divided by all requests.
    private static let tolerance = 0.02

    static func run() async throws {
        let group = try EventLoopGroup(count: 1)
        var router = Router()
        router.onInline(.get, "/json") { _ in .json(HTTPBenchmark.body) }
        router.onInline(.post, "/echo") { _ in .json(HTTPBenchmark.body) }
        router.on(.get, "/json-async") { _ in .json(HTTPBenchmark.body) }
        guard let address = SocketAddress.numeric("127.0.0.1", port: 0) else {
            throw BenchmarkError("127.0.0.1 is no address")
        }
        let server = try await HTTPServer.start(address, router, on: group)
        print("| allocations a request, \(requests) requests | counted | at most |\n| --- | ---: | ---: |")
        var isAbove = false
        for line in lines {
            let counted = try measure(line, port: server.address.port)
            print("| \(line.name) | \(fixed(counted, 3)) | \(fixed(line.limit, 0)) |")
            if counted > line.limit + tolerance { isAbove = true }
        }
        await server.shutdown(within: .zero)
        group.stop()
        if isAbove { throw BenchmarkError("a request allocates more than it may") }
    }

    private static func measure(_ line: Line, port: Int) throws -> Double {
        let descriptor = try Probe.connectedSocket(port)
        defer { close(descriptor) }
        let message = Array(String(repeating: line.request, count: line.batch).utf8)
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { input.deallocate() }
        // All replies are as long as the first one.
        guard send(descriptor, Array(line.request.utf8), line.request.utf8.count, 0) == line.request.utf8.count else {
            throw BenchmarkError("send: errno \(errno)")
        }
        let length = recv(descriptor, input.baseAddress, input.count, 0)
        guard length > 12, input.starts(with: "HTTP/1.1 200".utf8) else {
            throw BenchmarkError("\(line.name) is refused")
        }
        try exchange(descriptor, message, input, length * line.batch, times: 1000 / line.batch)
        let before = delivery_allocation_count()
        delivery_count_allocations(true)
        defer { delivery_count_allocations(false) }
        try exchange(descriptor, message, input, length * line.batch, times: requests / line.batch)
        return Double(delivery_allocation_count() - before) / Double(requests)
    }

    private static func exchange(
        _ descriptor: CInt, _ message: [UInt8], _ input: UnsafeMutableRawBufferPointer, _ replies: Int, times: Int
    ) throws {
        for _ in 0..<times {
            guard send(descriptor, message, message.count, CInt(MSG_NOSIGNAL)) == message.count else {
                throw BenchmarkError("send: errno \(errno)")
            }
            var received = 0
            while received < replies {
                let count = recv(descriptor, input.baseAddress, input.count, 0)
                guard count > 0 else { throw BenchmarkError("recv: errno \(errno)") }
                received += count
            }
            guard received == replies else { throw BenchmarkError("a reply has another length") }
        }
    }
}
