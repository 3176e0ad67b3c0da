import Bytes
import EventLoop
import Glibc
import HTTPWire

/// What the connections of one loop share: settings, the clock of their time-outs, pools, and the list of them all.
///
/// `@unchecked Sendable`: everything mutable is used on the loop's thread only; what may come from elsewhere goes
/// through `loop.execute`.
final class ServerLoop: @unchecked Sendable {
    /// The configuration's times as numbers of sweeps, rounded up, with one more since the first sweep comes early.
    struct Ticks {
        let head, idle, linger, write, heartbeat, body: UInt32
        let perSecond: Double

        init(_ configuration: ServerConfiguration) {
            let sweep = max(configuration.sweepInterval, .milliseconds(1))
            func ticks(_ time: Duration) -> UInt32 { UInt32(min(1e9, (time / sweep).rounded(.up))) + 1 }
            head = ticks(configuration.headTimeout)
            idle = ticks(configuration.idleTimeout)
            linger = ticks(configuration.lingerTimeout)
            write = ticks(configuration.writeTimeout)
            body = ticks(configuration.bodyTimeout)
            heartbeat = max(1, ticks(configuration.eventStreams.heartbeatInterval) - 1)
            perSecond = .seconds(1) / sweep
        }
    }

    let loop: EventLoop
    let configuration: ServerConfiguration
    let hooks: Hooks
    let routes: RouteTable
    let statistics: ServerStatistics
    let ticks: Ticks

    private(set) var tick: UInt32 = 0
    private(set) var isDraining = false
    /// Octets of unfinished requests that are held now.
    var bufferedInput = 0
    let bufferedInputLimit: Int
    private let bufferedOutputLimit: Int
    /// Connections that are ended at a time: finding them costs a look at all.
    private let roomMade: Int
    /// More output waited for clients at the last sweep than ought to.
    private(set) var isOutputTight = false
    private var outputFound = 0

    /// What a connection of this loop gets just now.
    var received = ReceivedBytes(UnsafeRawBufferPointer(start: nil, count: 0))

    private var connections: [Connection] = []
    private var isSweeping = false
    private var pool: [RequestStorage] = []
    private var random = TraceIDGenerator()
    private var dateSecond: time_t = -1
    private var date = ByteBuffer()
    private var heartbeat: (tick: UInt32, bytes: SharedBytes)?
    private var onEmpty: (() -> Void)?

    init(
        _ loop: EventLoop, _ configuration: ServerConfiguration, _ hooks: Hooks, _ routes: RouteTable,
        _ statistics: ServerStatistics, loops: Int
    ) {
        self.loop = loop
        self.configuration = configuration
        self.hooks = hooks
        self.routes = routes
        self.statistics = statistics
        bufferedInputLimit = configuration.bufferedInputLimit / loops
        bufferedOutputLimit = configuration.bufferedOutputLimit / loops
        roomMade = max(1, configuration.connectionLimit / 16 / loops)
        ticks = Ticks(configuration)
    }

    // MARK: - Connections

    /// Takes over an accepted socket.
    func adopt(_ descriptor: CInt, peer: String) {
        let descriptor = OwnedDescriptor(descriptor)
        let connection = Connection(self, peer: peer)
        do {
            let stream = try Stream(descriptor, on: loop, handler: connection)
            connection.assumeIsolatedStart(stream)
        } catch {
            // The loop cannot watch one more descriptor; dropping it closes the socket.
            statistics.closed()
        }
    }

    /// Returns the connection's place in the list.
    func add(_ connection: Connection) -> Int {
        connections.append(connection)
        if !isSweeping {
            isSweeping = true
            scheduleSweep()
        }
        return connections.count - 1
    }

    func remove(at index: Int) {
        let last = connections.removeLast()
        if index < connections.count {
            connections[index] = last
            last.assumeIsolated { $0.index = index }
        }
        statistics.closed()
        if connections.isEmpty, let onEmpty {
            self.onEmpty = nil
            onEmpty()
        }
    }

    private func scheduleSweep() {
        loop.schedule(after: configuration.sweepInterval) { [self] in
            tick &+= 1
            outputFound = 0
            sweep(below: connections.count)
        }
    }

    /// Looks at some connections, and at the others in the turns that follow: thousands whose time is over at once, or
    /// who are due a heartbeat, must not hold up everybody else.
    private func sweep(below end: Int) {
        var index = min(end, connections.count)
        let last = max(0, index - 128)
        while index > last {
            index -= 1
            // Those that close are replaced by the last one.
            if index < connections.count { connections[index].assumeIsolated { $0.sweep() } }
        }
        if index > 0 {
            loop.schedule(after: .zero) { [self] in sweep(below: index) }
            return
        }
        isOutputTight = outputFound > bufferedOutputLimit
        if isFull { makeRoom() }
        if connections.isEmpty { isSweeping = false } else { scheduleSweep() }
    }

    func noteOutput(_ count: Int) { outputFound += count }

    var isFull: Bool { statistics.openConnections >= configuration.connectionLimit }

    var isFullOfStreams: Bool { statistics.openStreams >= configuration.eventStreams.limit }

    /// Ends some of the connections that wait for their client, those first that have waited longest.
    func makeRoom() {
        let all = connections
        var waiting: [(sweeps: UInt32, index: Int)] = []
        for index in all.indices {
            if let sweeps = all[index].assumeIsolated({ $0.waitedSweeps }) { waiting.append((sweeps, index)) }
        }
        waiting.sort { $0.sweeps > $1.sweeps }
        for (_, index) in waiting.prefix(roomMade) { all[index].assumeIsolated { $0.makeRoom() } }
    }

    /// From the end, since a connection that closes is replaced by the last one.
    private func forEachConnection(_ body: @Sendable (isolated Connection) -> Void) {
        var index = connections.count - 1
        while index >= 0 {
            if index < connections.count {
                connections[index].assumeIsolated { body($0) }
            }
            index -= 1
        }
    }

    // MARK: - Shutdown

    /// Lets requests in flight end and closes everything else; `done` comes when no connection is left.
    func drain(within time: Duration, done: @escaping () -> Void) {
        isDraining = true
        forEachConnection { $0.drain() }
        if connections.isEmpty { return done() }
        onEmpty = done
        loop.schedule(after: min(configuration.idleGrace, time)) { [self] in
            forEachConnection { $0.closeIfIdle() }
        }
        // Clients that keep an ended connection open must not hold up a restart.
        loop.schedule(after: min(configuration.idleGrace + .milliseconds(500), time)) { [self] in
            forEachConnection { $0.closeIfLingering() }
        }
        loop.schedule(after: time) { [self] in
            forEachConnection { $0.abort() }
        }
    }

    /// At shutdown a client gets a second at most to take its last reply.
    var lingerTicks: UInt32 { isDraining ? min(ticks.linger, UInt32(ticks.perSecond) + 1) : ticks.linger }

    // MARK: - Pools and caches

    /// Memory for a request: that of an earlier one which nobody holds any more, if there is such.
    func takeRequest() -> RequestStorage {
        while var request = pool.popLast() {
            if isKnownUniquelyReferenced(&request) {
                request.recycle()
                return request
            }
        }
        return RequestStorage()
    }

    func giveBack(_ request: RequestStorage) {
        if pool.count < 64, request.body.capacity <= 64 * 1024 { pool.append(request) }
    }

    func makeTraceID() -> TraceID { random.next() }

    /// Appends the whole Date field.
    func appendDate(to buffer: inout ByteBuffer) {
        let now = time(nil)
        if now != dateSecond {
            dateSecond = now
            date.clear()
            date.append("Date: ")
            HTTPDate.append(Int64(now), to: &date)
            date.append("\r\n")
        }
        date.withBytes { buffer.append($0) }
    }

    /// The heartbeat of this sweep, made once for all streams that are due.
    func makeHeartbeat() -> SharedBytes? {
        if let heartbeat, heartbeat.tick == tick { return heartbeat.bytes }
        guard let make = configuration.eventStreams.heartbeat else { return nil }
        let bytes = make()
        heartbeat = (tick, bytes)
        return bytes
    }

    /// The sweep of a stream's first heartbeat: somewhere in the interval, so that thousands that came back at the same
    /// time do not get it at the same time for ever.
    func firstHeartbeat() -> UInt32 { tick &+ 1 &+ UInt32(random.next().low % UInt64(ticks.heartbeat)) }

    /// The sweep at which a stream that starts now ends: its life time, give or take a tenth.
    func streamDeadline() -> UInt32 {
        let lifetime = configuration.eventStreams.lifetime / .seconds(1) * ticks.perSecond
        let jitter = Double(random.next().low % 2001) / 10_000 + 0.9
        return tick &+ UInt32(max(1, min(1e9, lifetime * jitter)))
    }
}

/// Trace ids that differ, which need not be secret: xoroshiro128++ seeded by the system.
struct TraceIDGenerator {
    private var one: UInt64
    private var two: UInt64

    init() {
        one = .random(in: 1...UInt64.max)
        two = .random(in: 0...UInt64.max)
    }

    private mutating func word() -> UInt64 {
        let sum = one &+ two
        let result = (sum << 17 | sum >> 47) &+ one
        let mixed = one ^ two
        one = (one << 49 | one >> 15) ^ mixed ^ (mixed << 21)
        two = mixed << 28 | mixed >> 36
        return result
    }

    mutating func next() -> TraceID { TraceID(high: word(), low: word()) }
}
