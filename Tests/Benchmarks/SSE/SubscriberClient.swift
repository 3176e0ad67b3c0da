import CSystem
import EventLoop
import FoundationEssentials
import Glibc

/// Opens many event streams, publishes events, and counts and times each delivery: this program, started with
/// `sse-client`, on one thread, so that it costs little beside the server.
///
/// Every subscriber has to get every event once and in order, or it says so.
final class SubscriberClient {
    static let command = "sse-client"

    struct Settings {
        var port = 0
        var pid: pid_t = 0
        var subscribers = 1000
        var events = 200
        var octets = 400
        /// Events a second; 0: a closed loop.
        var rate = 0
        var inFlight = 4
        /// Seconds for which the streams are only held; no event is published then.
        var hold = 0

        init(_ list: [String]) throws {
            var arguments = Arguments(list)
            while let option = arguments.next() {
                switch option {
                case "--port": port = try arguments.number(1...65_535)
                case "--pid": pid = try arguments.number(1...pid_t.max)
                case "--subscribers": subscribers = try arguments.number(1...100_000)
                case "--events": events = try arguments.number(1...1_000_000)
                case "--octets": octets = try arguments.number(80...8000)
                case "--rate": rate = try arguments.number(0...100_000)
                case "--in-flight": inFlight = try arguments.number(1...64)
                case "--hold": hold = try arguments.number(0...600)
                default: throw arguments.unknown("bench sse-client is started by bench sse")
                }
            }
        }
    }

    /// What it prints, as a line of JSON.
    struct Result: Codable {
        var deliveries = 0
        /// Those that were lost, came twice or in another order.
        var wrong = 0
        var seconds = 0.0
        /// Microseconds for each delivery, of the server and of this client.
        var serverCPU = 0.0
        var clientCPU = 0.0
        /// Microseconds from the publishing to the subscriber's reading.
        var p50 = 0.0
        var p99 = 0.0
        /// Octets of resident memory for each stream that is held.
        var memory = 0.0
    }

    private let settings: Settings
    private let epoll: CInt
    private var streams: [SubscriberStream] = []
    private let ready = UnsafeMutablePointer<epoll_event>.allocate(capacity: 512)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
    private var seen: [Int]
    private var complete = 0
    private var latencies: [UInt64] = []
    private var wrong = 0
    private var publisher: CInt = -1
    private var answered = 0

    init(_ settings: Settings) {
        self.settings = settings
        epoll = epoll_create1(0)
        seen = Array(repeating: 0, count: settings.events)
        latencies.reserveCapacity(settings.hold > 0 ? 0 : settings.events * settings.subscribers)
    }

    static func run(_ list: [String]) throws {
        let settings = try Settings(list)
        try Descriptors.allow(settings.subscribers + 100)
        let result = try SubscriberClient(settings).run()
        print(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
    }

    private func run() throws -> Result {
        let before = try ProcessCounters.memory(settings.pid)
        try open()
        // What follows on the head, and the server's own work of the beginning.
        usleep(500_000)
        var result = Result()
        if settings.hold > 0 {
            let end = monotonicSeconds() + Double(settings.hold)
            while monotonicSeconds() < end { try wait(milliseconds: 100) }
            let after = try ProcessCounters.memory(settings.pid)
            result.memory = Double(after - before) * 1024 / Double(settings.subscribers)
            return result
        }
        try publish(&result)
        return result
    }

    // MARK: - Streams

    /// In small steps, so that the accept queue never overflows.
    private func open() throws {
        let request = Array("GET /sub HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".utf8)
        let deadline = monotonicSeconds() + 60
        while streams.count < settings.subscribers || streams.contains(where: { !$0.isOpen }) {
            for _ in 0..<100 where streams.count < settings.subscribers {
                let descriptor = try Probe.connectedSocket(settings.port)
                guard send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) == request.count else {
                    throw BenchmarkError("send: errno \(errno)")
                }
                watch(descriptor, UInt64(streams.count))
                streams.append(SubscriberStream(descriptor))
            }
            try wait(milliseconds: 10)
            guard monotonicSeconds() < deadline else { throw BenchmarkError("not all streams are open") }
        }
    }

    private func watch(_ descriptor: CInt, _ number: UInt64) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: number))
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
    }

    private func wait(milliseconds: CInt) throws {
        let count = epoll_wait(epoll, ready, 512, milliseconds)
        for index in 0..<max(0, Int(count)) {
            let number = ready[index].data.u64
            if number == UInt64.max { try readAnswers() } else { try read(Int(number)) }
        }
    }

    private func read(_ number: Int) throws {
        let stream = streams[number]
        let count = recv(stream.descriptor, input.baseAddress, input.count, 0)
        guard count > 0 else { throw BenchmarkError("a stream ended: \(count), errno \(errno)") }
        let now = Self.nanoseconds()
        try stream.take(UnsafeRawBufferPointer(rebasing: input[..<count])) { event in
            if event.number != stream.next { wrong += 1 }
            stream.next = event.number + 1
            latencies.append(now &- event.sent)
            guard seen.indices.contains(event.number) else { return wrong += 1 }
            seen[event.number] += 1
            if seen[event.number] == settings.subscribers { complete += 1 }
        }
    }

    // MARK: - Events

    private func publish(_ result: inout Result) throws {
        publisher = try Probe.connectedSocket(settings.port)
        watch(publisher, .max)
        let (server, own) = (try ProcessCounters.cpu(settings.pid), try ProcessCounters.cpu(getpid()))
        let start = Self.nanoseconds()
        let gap = settings.rate > 0 ? 1_000_000_000 / UInt64(settings.rate) : 0
        var sent = 0
        while complete < settings.events, Self.nanoseconds() &- start < 120_000_000_000 {
            while sent < settings.events, sent - answered < 64,
                gap > 0 ? Self.nanoseconds() >= start + UInt64(sent) * gap : sent - complete < settings.inFlight
            {
                try post(sent)
                sent += 1
            }
            var pause: CInt = 200
            if gap > 0, sent < settings.events {
                let due = Int64(start + UInt64(sent) * gap) - Int64(Self.nanoseconds())
                pause = CInt(max(0, due / 1_000_000))
            }
            try wait(milliseconds: pause)
        }
        result.seconds = Double(Self.nanoseconds() &- start) / 1e9
        result.deliveries = latencies.count
        result.wrong = wrong + settings.events * settings.subscribers - latencies.count
        let count = Double(max(1, latencies.count))
        result.serverCPU = (try ProcessCounters.cpu(settings.pid) - server) / count
        result.clientCPU = (try ProcessCounters.cpu(getpid()) - own) / count
        let sorted = Latencies(latencies.map { Double($0) / 1e3 })
        (result.p50, result.p99) = (sorted.quantile(0.5), sorted.quantile(0.99))
    }

    private func post(_ number: Int) throws {
        var body = #"{"t":\#(Self.nanoseconds()),"s":\#(number),"p":""#
        body += String(repeating: "x", count: max(0, settings.octets - 2 - body.utf8.count)) + "\"}"
        let message = Array(
            """
            POST /pub HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
            Content-Length: \(body.utf8.count)\r\n\r\n\(body)
            """.utf8)
        guard send(publisher, message, message.count, CInt(MSG_NOSIGNAL)) == message.count else {
            throw BenchmarkError("send: errno \(errno)")
        }
    }

    private func readAnswers() throws {
        let count = recv(publisher, input.baseAddress, input.count, 0)
        guard count > 0 else { throw BenchmarkError("the publisher's connection ended") }
        let text = String(decoding: input[..<count], as: UTF8.self)
        for part in text.split(separator: "HTTP/1.1 ") where part.first?.isNumber == true {
            guard part.first == "2" else { throw BenchmarkError("an event was refused: \(part)") }
            answered += 1
        }
    }

    static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// The process's limit of open files.
enum Descriptors {
    static func allow(_ count: Int) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_max >= count else {
            throw BenchmarkError("\(count) descriptors are needed, and \(limit.rlim_max) allowed (ulimit -Hn)")
        }
        limit.rlim_cur = max(limit.rlim_cur, rlim_t(count))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
