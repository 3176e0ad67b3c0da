import EventLoop
import HTTPWire
import Synchronization
import Synchronized

/// An HTTP/1.1 server: one listener, whose connections are handed to the loops in turn.
package final class HTTPServer: Sendable {
    /// The address that it listens on; the port is the real one also when 0 was asked for.
    package let address: SocketAddress
    package let statistics: ServerStatistics
    private let contexts: [ServerLoop]
    private let door: Door

    private init(_ address: SocketAddress, _ statistics: ServerStatistics, _ contexts: [ServerLoop], _ door: Door) {
        self.address = address
        self.statistics = statistics
        self.contexts = contexts
        self.door = door
    }

    /// Opens the port and starts to answer.
    /// - Throws: `SystemError` (`EADDRINUSE`, `EACCES`, …).
    package static func start(
        _ address: SocketAddress, _ router: Router, configuration: ServerConfiguration = ServerConfiguration(),
        hooks: Hooks = Hooks(), on group: EventLoopGroup
    ) async throws -> HTTPServer {
        let door = Door(group.first, limit: configuration.connectionLimit)
        let statistics = ServerStatistics { door.connectionDidClose(open: $0) }
        let routes = RouteTable(router)
        let contexts = group.loops.map {
            ServerLoop($0, configuration, hooks, routes, statistics, loops: group.loops.count)
        }
        let bound = try await withCheckedThrowingContinuation { continuation in
            group.first.execute {
                continuation.resume(with: Result { try door.open(address, statistics, contexts) })
            }
        }
        return HTTPServer(bound, statistics, contexts, door)
    }

    /// Stops accepting, lets requests in flight end with `Connection: close`, ends event streams, and closes what is
    /// left after `time`. Returns when no connection is open any more.
    package func shutdown(within time: Duration = .seconds(4)) async {
        await withCheckedContinuation { continuation in
            door.loop.execute { [door] in
                door.close()
                continuation.resume()
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for context in contexts {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        context.loop.execute { context.drain(within: time) { continuation.resume() } }
                    }
                }
            }
        }
    }
}

/// The listener with the limit on connections.
///
/// `@unchecked Sendable`: the listener and the turn are used on `loop` only, which each method but
/// `connectionDidClose` is called on; the flag is atomic.
private final class Door: @unchecked Sendable {
    let loop: EventLoop
    private let limit: Int
    private var listener: Listener?
    private var turn = 0
    private let isPaused = Atomic<Bool>(false)

    init(_ loop: EventLoop, limit: Int) {
        self.loop = loop
        self.limit = max(1, limit)
    }

    func open(
        _ address: SocketAddress, _ statistics: ServerStatistics, _ contexts: [ServerLoop]
    ) throws(SystemError) -> SocketAddress {
        let listener = try Listener(address, on: loop) { [unowned self] descriptor, peer in
            accept(descriptor.take(), peer, statistics, contexts)
        }
        self.listener = listener
        return listener.address
    }

    private func accept(
        _ descriptor: CInt, _ peer: SocketAddress?, _ statistics: ServerStatistics, _ contexts: [ServerLoop]
    ) {
        if statistics.accepted() >= limit {
            isPaused.store(true, ordering: .sequentiallyConsistent)
            listener?.pause()
            for context in contexts { context.loop.execute { context.makeRoom() } }
            // One may have closed between the count and the flag.
            connectionDidClose(open: statistics.openConnections)
        }
        let peer = peer?.host ?? ""
        let context = contexts[turn % contexts.count]
        turn &+= 1
        if context.loop === loop {
            context.adopt(descriptor, peer: peer)
        } else {
            context.loop.execute { context.adopt(descriptor, peer: peer) }
        }
    }

    /// Called on any loop.
    func connectionDidClose(open: Int) {
        guard open < limit, isPaused.exchange(false, ordering: .sequentiallyConsistent) else { return }
        loop.execute { [self] in
            // It may be full again, and waits for the next that closes.
            if !isPaused.load(ordering: .sequentiallyConsistent) { listener?.resume() }
        }
    }

    /// Takes what waits to be accepted, so that nobody who has connected is turned away, then closes the port.
    func close() {
        for _ in 0..<64 { listener?.ready(.readable) }
        listener?.close()
        listener = nil
    }
}
