import Bytes
import EventLoop
import Glibc
import Support
import TLS
import Testing

/// Sends all it has to say at once, then its end, and collects what it hears, with pauses.
///
/// `@unchecked Sendable`: used on its loop only; the test sees the outcome through the continuation.
private final class Talker: StreamHandler, @unchecked Sendable {
    private let say: [UInt8]
    private let done: ([UInt8], TLSError?) -> Void
    private var heard: [UInt8] = []
    private var filter: TLSFilter?
    private var stream: Stream?
    private var calls = 0

    init(say: [UInt8], done: @escaping ([UInt8], TLSError?) -> Void) {
        (self.say, self.done) = (say, done)
    }

    func start(_ descriptor: CInt, on loop: EventLoop, _ engine: TLSEngine) throws {
        let filter = TLSFilter(engine)
        let stream = try Stream(OwnedDescriptor(descriptor), on: loop, filter: filter, handler: self)
        (self.filter, self.stream) = (filter, stream)
        for start in stride(from: 0, to: say.count, by: 70_000) {
            stream.write { $0.append(say[start..<min(say.count, start + 70_000)]) }
        }
        stream.shutdownOutput()
    }

    func streamDidReceive(_ received: ReceivedBytes) {
        heard += received.bytes
        calls += 1
        guard calls % 5 == 0, let stream else { return }
        stream.pauseReading()
        stream.loop.schedule(after: .microseconds(300)) { stream.resumeReading() }
    }

    func streamDidDrain() {}
    func streamDidEnd() { stream?.closeAfterFlush() }
    func streamDidClose(_: SystemError?) {
        stream = nil
        done(heard, filter?.failure)
    }
}

@Suite("TLS: streams", .timeLimit(.minutes(1)))
struct TLSStreamTests {
    private func pair() throws -> (CInt, CInt) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SupportError("no pair of sockets") }
        return (ends[0], ends[1])
    }

    @Test("carry megabytes both ways at once past full buffers and pauses, and both sides end them in order")
    func exactness() async throws {
        let loop = try EventLoop(name: "tls test")
        try loop.start()
        defer {
            loop.stop()
            loop.join()
        }
        let setting = try Setting()
        let contexts = (try TLSContext(client: setting.client), try TLSContext(server: setting.server))
        let (one, two) = try pair()
        let octets = (0..<6 << 20).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 7) }
        let outcomes = AsyncStream<(Bool, [UInt8], TLSError?)>.makeStream()
        loop.execute {
            do {
                for (isClient, end, context) in [(true, one, contexts.0), (false, two, contexts.1)] {
                    let talker = Talker(say: isClient ? octets : octets.reversed()) { heard, failure in
                        outcomes.continuation.yield((isClient, heard, failure))
                    }
                    try talker.start(end, on: loop, TLSEngine(context, host: isClient ? "localhost" : nil))
                }
            } catch {
                Issue.record("\(error)")
                outcomes.continuation.finish()
            }
        }
        var count = 0
        for await (isClient, heard, failure) in outcomes.stream {
            #expect(heard == (isClient ? octets.reversed() : octets))
            #expect(failure == nil)
            count += 1
            if count == 2 { break }
        }
        #expect(count == 2)
    }

    @Test("send what one turn wrote as one record in one piece")
    func oneTurn() async throws {
        let loop = try EventLoop(name: "tls test")
        try loop.start()
        defer {
            loop.stop()
            loop.join()
        }
        let setting = try Setting()
        let server = try TLSEngine(TLSContext(server: setting.server))
        let context = try TLSContext(client: setting.client)
        let (one, two) = try pair()
        defer { close(two) }
        let handler = Listener()
        loop.execute {
            do {
                handler.stream = try Stream(
                    OwnedDescriptor(one), on: loop, filter: TLSFilter(TLSEngine(context, host: "localhost")),
                    handler: handler)
            } catch { Issue.record("\(error)") }
        }
        var wire = ByteBuffer()
        var plain = ByteBuffer()
        while !server.isEstablished {
            let octets = try receive(two)
            try octets.withUnsafeBytes { try server.receive($0, plain: &plain, wire: &wire) }
            let answer = wire.array
            wire.clear()
            if !answer.isEmpty { #expect(send(two, answer, answer.count, 0) == answer.count) }
        }
        loop.execute { for octet in 1...100 as ClosedRange<UInt8> { handler.stream?.write { $0.append(octet) } } }
        // The content, its type and the tag, behind a header of 5 octets.
        let record = try receive(two)
        #expect(record.count == 100 + 22)
        try record.withUnsafeBytes { try server.receive($0, plain: &plain, wire: &wire) }
        #expect(plain.array == Array(1...100))
        loop.execute { handler.stream?.close() }
    }

    /// What one call to the socket gives, when there is something.
    private func receive(_ descriptor: CInt) throws -> [UInt8] {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 10_000) == 1 else { throw SupportError("nothing came") }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw SupportError("the stream ended") }
        return Array(buffer[..<count])
    }
}

/// `@unchecked Sendable`: used on its loop only.
private final class Listener: StreamHandler, @unchecked Sendable {
    var stream: Stream?

    func streamDidReceive(_: ReceivedBytes) {}
    func streamDidDrain() {}
    func streamDidEnd() {}
    func streamDidClose(_: SystemError?) { stream = nil }
}
