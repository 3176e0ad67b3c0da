import CSystem
import Glibc
import Synchronization
import Synchronized

/// No address of a host could be connected: what each one answered.
package struct ConnectError: Error, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int
    package let failures: [SystemError]

    package var description: String {
        var seen: [String] = []
        for failure in failures where !seen.contains(failure.reason) { seen.append(failure.reason) }
        return "cannot connect to \(host):\(port): \(seen.joined(separator: ", "))"
    }
}

/// A host has addresses, and none of them may be connected to. The addresses are not told: whoever chose the name would
/// learn how names inside are resolved.
package struct AddressRefused: Error, Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package var description: String { "no address of \(host) may be connected to" }
}

extension EventLoop {
    /// Connects to `host`, trying its addresses in turn within `timeout` altogether. Names are resolved on a thread of
    /// their own.
    /// - Parameter allowed: asked for each address that the name has now; one that it refuses is not tried. The socket is
    ///   connected to the address that was asked for, so that a name that changes its address meanwhile gains nothing.
    /// - Throws: `ResolutionError`, `AddressRefused`, `ConnectError`, `CancellationError`.
    package func connect(
        host: String, port: Int, timeout: Duration, allowed: (@Sendable (IPAddress) -> Bool)? = nil
    ) async throws -> OwnedDescriptor {
        let deadline = ContinuousClock.now + timeout
        var addresses = try await resolve(host, port: port, timeout: timeout)
        if let allowed {
            addresses = addresses.filter { $0.ip.map(allowed) ?? false }
            if addresses.isEmpty { throw AddressRefused(host: host) }
        }
        var failures: [SystemError] = []
        for (index, address) in addresses.enumerated() {
            try Task.checkCancellation()
            // An address that does not answer must leave time for those behind it.
            let left = (deadline - .now) / (addresses.count - index)
            guard left > .zero else { break }
            do {
                return try await connect(address, timeout: left)
            } catch let error as SystemError {
                failures.append(error)
            }
        }
        if failures.isEmpty { failures = [SystemError("connect", code: ETIMEDOUT)] }
        throw ConnectError(host: host, port: port, failures: failures)
    }

    private func resolve(_ host: String, port: Int, timeout: Duration) async throws -> [SocketAddress] {
        if let numeric = SocketAddress.numeric(host, port: port) { return [numeric] }
        let once = Once<[SocketAddress]>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                once.wait(continuation)
                let isTaken = execute {
                    guard !once.isFinished else { return }
                    let timer = self.schedule(after: timeout) {
                        once.finish(.failure(ResolutionError(host: host, reason: "no answer within \(timeout)")))
                    }
                    self.wait(for: once) { self.cancel(timer) }
                    self.startResolving(host, port: port, once)
                }
                if !isTaken { once.finish(.failure(CancellationError())) }
            }
        } onCancel: {
            execute { once.finish(.failure(CancellationError())) }
        }
    }

    /// getaddrinfo(3) cannot be stopped: the thread is left to itself, and a late answer is dropped.
    private func startResolving(_ host: String, port: Int, _ once: Once<[SocketAddress]>) {
        do {
            let thread = try spawnThread(named: "resolver") {
                let result = Result<_, any Error> { try SocketAddress.resolve(host, port: port) }
                self.execute { once.finish(result) }
            }
            pthread_detach(thread)
        } catch {
            once.finish(.failure(error))
        }
    }

    /// - Throws: `SystemError`, `CancellationError`.
    package func connect(_ address: SocketAddress, timeout: Duration) async throws -> OwnedDescriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let owned = OwnedDescriptor(try system("socket") { socket(address.family, type, 0) })
        let number = owned.number
        let result = address.withSockaddr { Glibc.connect(number, $0, $1) }
        let code = result == 0 ? 0 : errno
        guard code == 0 || code == EINPROGRESS || code == EINTR else { throw SystemError("connect", code: code) }
        let once = Once<Void>()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                once.wait(continuation)
                let isTaken = execute { Connecting.start(number, on: self, timeout: timeout, once) }
                if !isTaken { once.finish(.failure(CancellationError())) }
            }
        } onCancel: {
            execute { once.finish(.failure(CancellationError())) }
        }
        try refuseOwnEcho(number)
        return owned
    }

    /// A port in the ephemeral range on which nobody listens can be picked as the source port too, and then TCP
    /// connects the socket to itself (RFC 9293, simultaneous open).
    private func refuseOwnEcho(_ descriptor: CInt) throws(SystemError) {
        let local = try SocketAddress(of: descriptor, call: getsockname)
        // The peer may be gone again already; then there is nothing to compare.
        guard let remote = try? SocketAddress(of: descriptor, call: getpeername) else { return }
        if local.isSame(as: remote) { throw SystemError("connect", code: ECONNREFUSED) }
    }
}

/// A connection in progress. It lets go of the descriptor before it tells the outcome, since the waiting task then
/// owns it again.
private final class Connecting: ReadinessHandler {
    private let descriptor: CInt
    private let loop: EventLoop
    private let once: Once<Void>
    private var timer: EventLoop.TimerToken?

    private init(_ descriptor: CInt, on loop: EventLoop, _ once: Once<Void>) {
        self.descriptor = descriptor
        self.loop = loop
        self.once = once
    }

    static func start(_ descriptor: CInt, on loop: EventLoop, timeout: Duration, _ once: Once<Void>) {
        guard !once.isFinished else { return }
        let connecting = Connecting(descriptor, on: loop, once)
        do {
            try loop.register(descriptor, .writable, connecting)
        } catch {
            return once.finish(.failure(error))
        }
        connecting.timer = loop.schedule(after: timeout) { connecting.finish(SystemError("connect", code: ETIMEDOUT)) }
        loop.wait(for: once) { connecting.letGo() }
    }

    func loopDidStop() { once.finish(.failure(CancellationError())) }

    func ready(_: Readiness) {
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        finish(code == 0 ? nil : SystemError("connect", code: code))
    }

    private func finish(_ error: SystemError?) {
        once.finish(error.map { .failure($0) } ?? .success(()))
    }

    private func letGo() {
        loop.deregister(descriptor)
        if let timer { loop.cancel(timer) }
    }
}
