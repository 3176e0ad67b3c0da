import CSystem
import EventLoop
import Glibc

/// Posts orders on kept-alive connections and listens on a stream for each store, on the thread that calls it: of every
/// order it notes when it was posted or due, answered, and seen on its store's stream.
final class OrderGenerator {
    enum Pace: Equatable {
        /// Each connection posts again when it has its answer.
        case closed
        /// So many orders a second, whatever becomes of them: the time of each counts from when it was due.
        case open(rate: Int)
    }

    struct Order {
        var posted = 0.0
        var answered = 0.0
        var seen = 0.0
        var events = 0
    }

    private struct Post {
        let descriptor: CInt
        var isBusy = false
        var due = 0.0
        var waiting: [UInt8] = []
    }

    private let world: OrderWorld
    private let epoll = epoll_create1(0)
    private var posts: [Post] = []
    private var streams: [(descriptor: CInt, waiting: [UInt8])] = []
    private let ready = UnsafeMutablePointer<epoll_event>.allocate(capacity: 512)
    private var input = [UInt8](repeating: 0, count: 1 << 17)
    private var random = SystemRandomNumberGenerator()
    private var sent = 0

    private(set) var orders: [Int: Order] = [:]
    private(set) var refused: [String] = []

    init(_ world: OrderWorld, api: Int, admin: Int, connections: Int) throws {
        self.world = world
        for (index, session) in world.sessions.enumerated() {
            let descriptor = try connect(admin, 1 << 32 | UInt64(index))
            streams.append((descriptor, []))
            try send(
                LoadConnection.request("GET", "/api/sse/connect", ["Cookie: store_session=\(session)"]), descriptor)
        }
        for index in 0..<connections { posts.append(Post(descriptor: try connect(api, UInt64(index)))) }
    }

    deinit {
        for post in posts { close(post.descriptor) }
        for stream in streams { close(stream.descriptor) }
        close(epoll)
        ready.deallocate()
    }

    private func connect(_ port: Int, _ number: UInt64) throws -> CInt {
        let descriptor = try Probe.connectedSocket(port)
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: number))
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
        return descriptor
    }

    private func send(_ octets: [UInt8], _ descriptor: CInt) throws {
        guard Glibc.send(descriptor, octets, octets.count, CInt(MSG_NOSIGNAL)) == octets.count else {
            throw BenchmarkError("send: errno \(errno)")
        }
    }

    // MARK: - One run

    /// Forgets what was before, posts for `seconds`, and waits until everything is answered and seen, up to `drain` seconds.
    /// - Returns: seconds from the first post to the last event; how many orders were seen while it posted.
    func run(_ pace: Pace, seconds: Double, drain: Double) throws -> (whole: Double, seenMeanwhile: Int) {
        orders = [:]
        refused = []
        sent = 0
        let start = monotonicSeconds()
        let end = start + seconds
        while monotonicSeconds() < end {
            try post(pace, from: start)
            try wait(milliseconds: pause(pace, from: start, until: end))
        }
        let seenMeanwhile = orders.values.count { $0.seen > 0 }
        while posts.contains(where: \.isBusy) || orders.values.contains(where: { $0.seen == 0 }),
            monotonicSeconds() < end + drain
        { try wait(milliseconds: 20) }
        let last = orders.values.map(\.seen).max() ?? start
        // Events that come twice come soon.
        let rest = monotonicSeconds() + 0.3
        while monotonicSeconds() < rest { try wait(milliseconds: 20) }
        return (max(seconds, last - start), seenMeanwhile)
    }

    private func post(_ pace: Pace, from start: Double) throws {
        for index in posts.indices where !posts[index].isBusy {
            let now = monotonicSeconds()
            var due = now
            if case .open(let rate) = pace {
                due = start + Double(sent) / Double(rate)
                guard due <= now else { return }
            }
            let store = Int.random(in: 1...world.stores, using: &random)
            let menus = (0..<3).map { _ in
                "\((store - 1) * world.menus + Int.random(in: 1...world.menus, using: &random))"
            }
            let token = world.tokens[sent % world.tokens.count]
            sent += 1
            posts[index].isBusy = true
            posts[index].due = due
            try send(
                LoadConnection.request(
                    "POST", "/api/user-order", ["authorization-token: \(token)"],
                    json: #"{"store_id":\#(store),"store_menu_id_list":[\#(menus.joined(separator: ","))]}"#),
                posts[index].descriptor)
        }
    }

    private func pause(_ pace: Pace, from start: Double, until end: Double) -> CInt {
        guard case .open(let rate) = pace, posts.contains(where: { !$0.isBusy }) else { return 20 }
        let due = min(end, start + Double(sent) / Double(rate)) - monotonicSeconds()
        return CInt(max(0, min(20, due * 1000)))
    }

    // MARK: - What comes

    private func wait(milliseconds: CInt) throws {
        let count = epoll_wait(epoll, ready, 512, milliseconds)
        for place in 0..<max(0, Int(count)) {
            let number = ready[place].data.u64
            let index = Int(number & 0xFFFF_FFFF)
            if number >> 32 == 0 { try readReply(index) } else { try readStream(index) }
        }
    }

    private func receive(_ descriptor: CInt) throws -> ArraySlice<UInt8> {
        let count = recv(descriptor, &input, input.count, 0)
        guard count > 0 else { throw BenchmarkError("a connection ended: \(count), errno \(errno)") }
        return input[..<count]
    }

    private func readReply(_ index: Int) throws {
        posts[index].waiting += try receive(posts[index].descriptor)
        let octets = posts[index].waiting
        guard let head = LoadReply.find("\r\n\r\n", in: octets[...]) else { return }
        let length =
            LoadReply.find("ontent-Length: ", in: octets[..<head])
            ?? LoadReply.find("ontent-length: ", in: octets[..<head])
        guard let length else { throw BenchmarkError("a reply without a length") }
        let count = octets[length...].prefix { $0 >= 0x30 && $0 <= 0x39 }.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard octets.count >= head + count else { return }
        posts[index].waiting.removeAll(keepingCapacity: true)
        posts[index].isBusy = false
        let now = monotonicSeconds()
        guard octets.starts(with: "HTTP/1.1 201".utf8), let id = LoadReply.number("id", in: octets[head...]) else {
            refused.append(String(decoding: octets.prefix(400), as: UTF8.self))
            return
        }
        // Its event may have come before.
        orders[id, default: Order()].posted = posts[index].due
        orders[id, default: Order()].answered = now
    }

    private static let mark = "\"user_order_response\":"

    private func readStream(_ index: Int) throws {
        streams[index].waiting += try receive(streams[index].descriptor)
        let now = monotonicSeconds()
        while let end = streams[index].waiting.firstIndex(of: 0x0A) {
            let line = streams[index].waiting[..<end]
            if line.starts(with: "data: ".utf8), let order = LoadReply.find(Self.mark, in: line),
                let id = LoadReply.number("id", in: line[order...])
            {
                orders[id, default: Order()].events += 1
                if orders[id]?.seen == 0 { orders[id]?.seen = now }
            }
            streams[index].waiting.removeSubrange(...end)
        }
    }
}
