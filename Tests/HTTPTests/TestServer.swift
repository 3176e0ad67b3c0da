import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPWire
import Synchronized
import Testing

/// Runs `body` beside a server on a free port, and takes the server down afterwards.
///
/// `body` has a thread of its own, which its blocking clients may hold up: the pool's threads are few.
func withServer(
    loops: Int = 1, configuration: ServerConfiguration = fastConfiguration(), hooks: Hooks = Hooks(),
    basePath: String = "", routes: (inout Router) -> Void, _ body: (HTTPServer) async throws -> Void
) async throws {
    signal(SIGPIPE, SIG_IGN)
    let group = try EventLoopGroup(count: loops)
    defer { group.stop() }
    var router = Router(basePath: basePath)
    routes(&router)
    let address = try #require(SocketAddress.numeric("127.0.0.1", port: 0))
    let server = try await HTTPServer.start(
        address, router, configuration: configuration, hooks: hooks, on: group)
    let thread = try EventLoop(name: "test")
    try thread.start()
    defer {
        thread.stop()
        thread.join()
    }
    do {
        try await withTaskExecutorPreference(thread) { try await body(server) }
    } catch {
        await server.shutdown(within: .zero)
        throw error
    }
    await server.shutdown(within: .zero)
}

/// A shutdown that goes on while the test's own thread is busy with its clients.
struct Shutdown {
    private let thread: EventLoop
    private let task: Task<Void, Never>

    init(_ server: HTTPServer, within time: Duration) throws {
        let thread = try EventLoop(name: "shutdown")
        try thread.start()
        self.thread = thread
        task = Task(executorPreference: thread) { await server.shutdown(within: time) }
    }

    func wait() async {
        await task.value
        thread.stop()
        thread.join()
    }
}

/// Time-outs that do not strike in a test that is not about them, kept precisely.
func fastConfiguration() -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.sweepInterval = .milliseconds(20)
    configuration.idleGrace = .milliseconds(20)
    return configuration
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

struct Reply: Equatable, Sendable {
    var status: Int
    var body: String
    var fields: [String: String]

    subscript(name: String) -> String? { fields[name] }
}

/// A blocking client that sends exactly the octets it is told to.
final class Client {
    let descriptor: CInt
    private var waiting: [UInt8] = []
    private var hasEnded = false
    private var isClosed = false

    /// - Parameter receiveBuffer: octets that the kernel keeps for this end; nil for its default.
    init(_ server: HTTPServer, receiveBuffer: CInt? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(errno)") }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<CInt>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(server.address.port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw TestFailure("connect: \(errno)") }
    }

    deinit { close() }

    func close() {
        if !isClosed { _ = Glibc.close(descriptor) }
        isClosed = true
    }

    /// Closes with a reset instead of an end.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ octets: [UInt8]) throws {
        var sent = 0
        while sent < octets.count {
            let count = octets[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { throw TestFailure("send: \(errno)") }
            sent += count
        }
    }

    func shutdownOutput() { _ = shutdown(descriptor, CInt(SHUT_WR)) }

    /// False at the end of the stream.
    private func receive() throws -> Bool {
        if hasEnded { return false }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw TestFailure("recv: \(errno)") }
        if count == 0 { hasEnded = true }
        waiting += buffer[..<count]
        return count > 0
    }

    /// Reads until `text` has come; returns everything up to its end.
    func read(through text: String) throws -> String {
        let wanted = Array(text.utf8)
        var searched = 0
        while true {
            if waiting.count >= wanted.count {
                for start in searched...(waiting.count - wanted.count)
                where waiting[start] == wanted[0] && waiting[start..<start + wanted.count].elementsEqual(wanted) {
                    let result = String(decoding: waiting[..<(start + wanted.count)], as: UTF8.self)
                    waiting.removeFirst(start + wanted.count)
                    return result
                }
                searched = waiting.count - wanted.count + 1
            }
            guard try receive() else {
                throw TestFailure("ended before \(text): \(String(decoding: waiting, as: UTF8.self))")
            }
        }
    }

    /// Reads one response.
    func reply(to method: HTTPMethod = .get) throws -> Reply {
        var limits = ResponseParser.Limits()
        limits.body = 1 << 24
        var parser = ResponseParser(to: method, limits: limits)
        while true {
            let used = try waiting.withUnsafeBytes { try parser.parse($0) }
            waiting.removeFirst(used)
            if parser.isComplete { break }
            if try !receive() {
                try parser.end()
                break
            }
        }
        var fields: [String: String] = [:]
        for index in 0..<parser.fields.count {
            let field = parser.fields.field(at: index)
            fields[field.name.text.lowercased()] = field.value.text
        }
        let body = parser.body.withBytes { $0.text }
        return Reply(status: Int(parser.status.code), body: body, fields: fields)
    }

    /// Reads one response whose body need not fit into memory; `take` gets the body's pieces.
    func reply(_ take: ([UInt8]) throws -> Void) throws {
        var limits = ResponseParser.Limits()
        // Also that of one chunk.
        limits.body = 1 << 26
        var parser = ResponseParser(to: .get, limits: limits)
        while !parser.isComplete {
            if try waiting.isEmpty && !receive() { return try parser.end() }
            let used = try waiting.withUnsafeBytes { try parser.parse($0) }
            waiting.removeFirst(used)
            try take(parser.body.array)
            parser.body.clear()
        }
    }

    func ask(_ request: String, method: HTTPMethod = .get) throws -> Reply {
        try send(request)
        return try reply(to: method)
    }

    func get(_ path: String, _ fields: String = "") throws -> Reply {
        try ask("GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
    }

    /// True if the server ends the connection, without a reset, and sends nothing more before.
    func endsCleanly() throws -> Bool {
        while try receive() {}
        return waiting.isEmpty
    }

    /// Reads and forgets until `isEnough` or the connection ends.
    func countUntil(_ isEnough: () -> Bool) -> Int {
        var count = 0
        while !isEnough(), (try? receive()) == true {
            count += waiting.count
            waiting = []
        }
        return count
    }

    /// Reads until the server ends the connection in whatever way; returns how many octets came.
    func countUntilEnd() -> Int {
        while (try? receive()) == true {}
        return waiting.count
    }
}

/// A value that the loop's thread sets and a test awaits.
final class Signal: Sendable {
    private let count = Lock(0)

    func fire() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }

    /// Waits until it has fired `wanted` times; throws after ten seconds.
    func wait(_ wanted: Int = 1) async throws { try await eventually { self.value >= wanted } }
}

/// Waits until `condition` holds; throws after ten seconds.
func eventually(_ condition: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(10)
    while !condition() {
        guard ContinuousClock.now < end else { throw TestFailure("did not come true within ten seconds") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
