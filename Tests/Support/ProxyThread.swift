import Foundation
import Glibc

/// The thread of a proxy: it alone touches the engine, and others hand it work.
final class ProxyThread: Sendable {
    typealias Command = @Sendable (ProxyEngine) -> Void

    private struct State {
        var commands: [Command] = []
        var done = 0
        var taken = 0
        var isEnding = false
        var hasEnded = false
    }

    private let state = Guarded(State())
    private let wakeUp: Int32

    init(port: UInt16, target: UInt16, receiveBuffer: Int?, tap: Proxy.Tap?, counters: Guarded<Proxy.Counters>) throws {
        let pipe = try Spawn.pipe()
        let listener: Int32
        do {
            listener = try ProxySocket.listen(on: port, receiveBuffer: receiveBuffer)
        } catch {
            Glibc.close(pipe.reading)
            Glibc.close(pipe.writing)
            throw error
        }
        wakeUp = pipe.writing
        ProxySocket.makeNonBlocking(pipe.reading)
        let state = self.state
        Thread.detachNewThread {
            let engine = ProxyEngine(
                port: port, target: target, receiveBuffer: receiveBuffer, wake: pipe.reading, listener: listener,
                tap: tap,
                counters: counters)
            while true {
                let (commands, isEnding) = state.update { state -> ([Command], Bool) in
                    defer { state.commands = [] }
                    return (state.commands, state.isEnding)
                }
                for command in commands { command(engine) }
                if isEnding { break }
                if !commands.isEmpty { state.update { $0.done += commands.count } }
                engine.turn()
            }
            engine.end()
            Glibc.close(pipe.reading)
            Glibc.close(pipe.writing)
            state.update { $0.hasEnded = true }
        }
    }

    /// Runs work on the thread and waits until it is done; after the end it does nothing.
    func perform(_ command: @escaping Command) {
        let number = state.update { state -> Int? in
            guard !state.isEnding else { return nil }
            state.commands.append(command)
            state.taken += 1
            wake()
            return state.taken
        }
        guard let number else { return }
        _ = state.wait(until: .distantFuture) { $0.done >= number || $0.hasEnded ? true : nil }
    }

    /// Ends the engine and waits until it is gone.
    func end() {
        state.update { state in
            if !state.isEnding { wake() }
            state.isEnding = true
        }
        _ = state.wait(until: .distantFuture) { $0.hasEnded ? true : nil }
    }

    /// Called under the lock, before the end: so the descriptor is open.
    private func wake() {
        var octet: UInt8 = 1
        _ = Glibc.write(wakeUp, &octet, 1)
    }
}

/// The system calls of a proxy.
enum ProxySocket {
    static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    private static func make() throws -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw SupportError("socket: \(String(cString: strerror(errno)))") }
        return descriptor
    }

    static func listen(on port: UInt16, receiveBuffer: Int?) throws -> Int32 {
        let listener = try make()
        set(listener, SOL_SOCKET, SO_REUSEADDR, 1)
        // Connections inherit it, and the window has to be known before they are made.
        if let receiveBuffer { set(listener, SOL_SOCKET, SO_RCVBUF, Int32(clamping: receiveBuffer)) }
        var address = loopback(port)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, Glibc.listen(listener, 512) == 0 else {
            let text = String(cString: strerror(errno))
            Glibc.close(listener)
            throw SupportError("listening on 127.0.0.1:\(port): \(text)")
        }
        return listener
    }

    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        makeNonBlocking(descriptor)
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return descriptor
    }

    /// Begins to connect; writable means that it is decided.
    static func connect(to port: UInt16, receiveBuffer: Int?) -> Int32? {
        guard let descriptor = try? make() else { return nil }
        if let receiveBuffer { set(descriptor, SOL_SOCKET, SO_RCVBUF, Int32(clamping: receiveBuffer)) }
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        var address = loopback(port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 || errno == EINPROGRESS { return descriptor }
        Glibc.close(descriptor)
        return nil
    }

    static func hasFailed(_ descriptor: Int32) -> Bool {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0
    }

    /// Ends a connection for everybody who holds its descriptor, also a child process that another test just starts.
    static func end(_ descriptor: Int32, _ cut: Proxy.Cut) {
        switch cut {
        case .reset:
            // Connecting to "no address" aborts a TCP connection.
            var nowhere = sockaddr(sa_family: sa_family_t(AF_UNSPEC), sa_data: sockaddr().sa_data)
            Glibc.connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
        case .goodbye:
            shutdown(descriptor, Int32(SHUT_RDWR))
            // Closing with octets unread would be a reset.
            var rest = [UInt8](repeating: 0, count: 65_536)
            while recv(descriptor, &rest, rest.count, Int32(MSG_DONTWAIT)) > 0 {}
        }
        Glibc.close(descriptor)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
