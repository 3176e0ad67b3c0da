import Foundation

/// A TCP proxy on 127.0.0.1 that can do to a connection what a network does: cut it, refuse it, let it hang.
package final class CutProxy: Sendable {
    private struct State {
        var listener: TestListener?
        var pairs: [Int: (client: TestSocket, server: TestSocket)] = [:]
        var nextPair = 0
        var accepted = 0
        var isFrozen = false
        var isClosed = false
        var target: UInt16
        var cutAfter: Int?
    }

    /// Where clients connect.
    package let port: UInt16
    private let state: Guarded<State>

    /// Forwards to `target` on 127.0.0.1.
    package init(to target: UInt16) throws {
        port = try FreePort.next()
        state = Guarded(State(target: target))
        try accept()
    }

    deinit { close() }

    /// Ends every connection, with a reset (the default) or a goodbye.
    package func cutAll(reset: Bool = true) {
        state.update { state in
            for (client, server) in state.pairs.values {
                if reset { client.reset() } else { client.cut() }
                if reset { server.reset() } else { server.cut() }
            }
        }
    }

    /// Refuses new connections; those that are open stay.
    package func refuse() {
        let listener = state.update { state -> TestListener? in
            defer { state.listener = nil }
            return state.listener
        }
        listener?.close()
    }

    /// Accepts (again), on the same port.
    package func accept() throws {
        guard state.read({ $0.listener == nil && !$0.isClosed }) else { return }
        let listener = try TestListener(port: port, timeout: .infinity) { [state] in Self.join($0, state) }
        state.update { $0.listener = listener }
    }

    /// Lets everything hang: octets are no longer passed on, connections stay open, new ones are taken.
    package func freeze() { state.update { $0.isFrozen = true } }
    /// Passes on again, also what has waited.
    package func resume() { state.update { $0.isFrozen = false } }
    /// Cuts everything with a reset once so many more octets have been passed on towards the server.
    package func cutAfter(octets: Int) { state.update { $0.cutAfter = octets } }
    /// Where connections go from now on.
    package func retarget(to port: UInt16) { state.update { $0.target = port } }

    /// Connections that are open.
    package var connections: Int { state.read { $0.pairs.count } }
    /// Connections ever accepted.
    package var accepted: Int { state.read { $0.accepted } }

    /// Waits until so many connections have been accepted, ever.
    package func waitForAccepted(_ count: Int, within seconds: Double = 10) async throws {
        let came = try await onOwnThread { [state] in
            state.wait(until: Date(timeIntervalSinceNow: seconds)) { $0.accepted >= count ? true : nil } ?? false
        }
        guard came else { throw SupportError("\(accepted) of \(count) connections came within \(seconds) s") }
    }

    /// Ends the proxy with all its connections.
    package func close() {
        state.update { $0.isClosed = true }
        refuse()
        cutAll(reset: false)
    }

    private static func join(_ client: TestSocket, _ state: Guarded<State>) {
        guard let server = try? TestSocket(port: state.read { $0.target }, timeout: .infinity) else {
            client.reset()
            return
        }
        let pair = state.update { state in
            defer { state.nextPair += 1 }
            state.pairs[state.nextPair] = (client, server)
            state.accepted += 1
            if state.isClosed {
                client.cut()
                server.cut()
            }
            return state.nextPair
        }
        let up = Guarded(true)
        Thread.detachNewThread {
            pump(client, server, isUp: true, state)
            up.update { $0 = false }
        }
        pump(server, client, isUp: false, state)
        _ = up.wait(until: .distantFuture) { $0 ? nil : true }
        state.update { $0.pairs[pair] = nil }
        server.close()
    }

    private static func pump(_ source: TestSocket, _ sink: TestSocket, isUp: Bool, _ state: Guarded<State>) {
        do {
            while true {
                var bytes = try source.read()
                _ = state.wait(until: .distantFuture) { !$0.isFrozen || $0.isClosed ? true : nil }
                if bytes.isEmpty {
                    sink.finishWriting()
                    return
                }
                let isOver = state.update { state -> Bool in
                    guard isUp, let left = state.cutAfter else { return false }
                    bytes = Array(bytes.prefix(left))
                    state.cutAfter = left > bytes.count ? left - bytes.count : nil
                    return state.cutAfter == nil
                }
                try sink.write(bytes)
                if isOver { break }
            }
        } catch {
            // An error on one side is passed on to the other as a cut.
        }
        source.reset()
        sink.reset()
    }
}
