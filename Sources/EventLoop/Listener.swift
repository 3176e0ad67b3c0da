import CSystem
import Glibc

/// A listening socket on one loop. Used on the loop's thread only.
package final class Listener: ReadinessHandler {
    package typealias Accept = (consuming OwnedDescriptor, SocketAddress?) -> Void

    package let loop: EventLoop
    /// The address that it is bound to; the port is the real one also when 0 was asked for.
    package let address: SocketAddress
    private let descriptor: CInt
    private var accept: Accept?
    private var isPaused = false
    private var isBackingOff = false
    private var isClosed = false
    /// Kept open so that at the limit of descriptors one can be freed to accept and refuse a connection; otherwise
    /// the waiting connection would wake the loop again and again.
    private var reserve: CInt

    /// Binds and listens; `accept` gets each connection, non-blocking, on the loop.
    /// - Throws: `SystemError` (`EADDRINUSE`, `EACCES`, …).
    package init(
        _ address: SocketAddress, on loop: EventLoop, backlog: CInt = 4096, accept: @escaping Accept
    ) throws(SystemError) {
        self.loop = loop
        self.accept = accept
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let owned = OwnedDescriptor(try system("socket") { socket(address.family, type, 0) })
        let number = owned.number
        var one: CInt = 1
        // So that a restart does not wait for old connections in TIME_WAIT; a second listener is still refused.
        _ = setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        try system("bind") { address.withSockaddr { bind(number, $0, $1) } }
        try system("listen") { listen(number, backlog) }
        self.address = try SocketAddress(of: number, call: getsockname)
        descriptor = number
        reserve = -1
        try loop.register(number, .readable, self)
        _ = owned.take()
        refillReserve()
    }

    package func pause() {
        isPaused = true
        updateInterest()
    }

    package func resume() {
        isPaused = false
        updateInterest()
    }

    private func updateInterest() {
        guard !isClosed else { return }
        try? loop.setInterest(descriptor, isPaused || isBackingOff ? [] : .readable)
    }

    package func loopDidStop() { close() }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        loop.deregister(descriptor)
        _ = Glibc.close(descriptor)
        if reserve >= 0 { _ = Glibc.close(reserve) }
        accept = nil
    }

    package func ready(_: Readiness) {
        for _ in 0..<64 where !isClosed && !isPaused && !isBackingOff {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let number = withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { delivery_accept4(descriptor, $0, &length) }
            }
            if number >= 0 {
                let peer = withUnsafePointer(to: &storage) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { SocketAddress($0, length: length) }
                }
                accept?(OwnedDescriptor(number), peer)
                continue
            }
            switch errno {
            case EAGAIN: return
            case EMFILE, ENFILE: refuseOne()
            case ENOBUFS, ENOMEM: backOff()
            default: continue  // The peer gave up before it was accepted.
            }
        }
    }

    private func refuseOne() {
        // Other threads may have taken the descriptor that was kept.
        if reserve < 0 { refillReserve() }
        guard reserve >= 0 else { return backOff() }
        _ = Glibc.close(reserve)
        let number = delivery_accept4(descriptor, nil, nil)
        if number >= 0 { _ = Glibc.close(number) }
        refillReserve()
    }

    private func refillReserve() {
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    /// Leaves the connections that wait where they are for a moment: trying again at once would only spin.
    private func backOff() {
        isBackingOff = true
        updateInterest()
        loop.schedule(after: .milliseconds(50)) { [weak self] in
            self?.isBackingOff = false
            self?.updateInterest()
        }
    }
}
