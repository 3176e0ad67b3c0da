import Foundation

/// A TCP proxy on 127.0.0.1 that does to octets what a network does: it delays, cuts, freezes, throttles and chops them.
///
/// Every call may be made at any time from any thread, and holds for all connections, those that come later too, when it
/// returns. One thread moves all octets; ``close()`` ends it with every connection.
package final class Proxy: Sendable {
    package enum Direction: Int, CaseIterable, Sendable { case toServer, toClient }

    /// How a connection ends.
    package enum Cut: Sendable {
        /// RST, at once.
        case reset
        /// FIN to both sides.
        case goodbye
    }

    package enum Flow: Sendable {
        case pass
        /// Reads nothing: what the sender writes fills the TCP windows, and no end is passed on.
        case stop
        /// Reads and drops, the end of the stream too: the sender notices nothing.
        case swallow
    }

    /// What happens to the octets of one direction.
    package struct Rules: Sendable {
        package var flow = Flow.pass
        /// How long each octet is on its way.
        package var delay = Duration.zero
        /// nil: no limit
        package var octetsPerSecond: Int?
        /// Octets of the largest write; nil: no limit. Together with `octetsPerSecond` the pieces are apart in time.
        package var pieceMax: Int?

        package init() {}
    }

    package typealias Tap = @Sendable (Direction, UnsafeRawBufferPointer) -> Void

    struct Counters {
        var accepted = 0
        var connections = 0
        var cuts = 0
        var octets = [0, 0]
    }

    /// Where clients connect.
    package let port: UInt16
    private let thread: ProxyThread
    private let counters = Guarded(Counters())

    /// Forwards to `target` on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - receiveBuffer: octets that the kernel keeps of what is not read yet; nil leaves it to the kernel, which goes
    ///     up to some megabytes.
    ///   - tap: called with all octets that are passed on, on the proxy's thread.
    package init(to target: UInt16, receiveBuffer: Int? = nil, tap: Tap? = nil) throws {
        port = try FreePort.next()
        thread = try ProxyThread(
            port: port, target: target, receiveBuffer: receiveBuffer, tap: tap, counters: counters)
    }

    deinit { close() }

    // MARK: Rules

    /// Changes the rules of one direction, or with nil of both.
    package func change(_ direction: Direction? = nil, _ body: @escaping @Sendable (inout Rules) -> Void) {
        thread.perform { engine in
            for each in Direction.allCases where direction == nil || direction == each {
                body(&engine.rules[each.rawValue])
            }
        }
    }

    /// Lets everything hang without a word: octets are no longer read, connections stay open, new ones are taken.
    package func freeze(_ direction: Direction? = nil) { change(direction) { $0.flow = .stop } }
    /// Reads and drops everything, so that the sender sees nothing wrong with its socket.
    package func swallow(_ direction: Direction? = nil) { change(direction) { $0.flow = .swallow } }
    /// Passes on again, also what has waited.
    package func resume(_ direction: Direction? = nil) { change(direction) { $0.flow = .pass } }

    // MARK: Connections

    /// Cuts the connection that passes so many more octets in a direction, counted over all connections, exactly there.
    /// It happens once; a later call replaces it, and nil takes it back.
    package func cut(after octets: Int?, _ direction: Direction = .toServer, with cut: Cut = .reset) {
        thread.perform { $0.dueCuts[direction.rawValue] = octets.map { ($0, cut) } }
    }

    /// Ends every connection.
    package func cutAll(_ cut: Cut = .reset) { thread.perform { $0.cutAll(cut) } }

    /// Refuses new connections; those that are open stay.
    package func refuse() { thread.perform { $0.stopListening() } }

    /// Accepts (again), on the same port.
    package func accept() throws {
        let failure = Guarded<(any Error)?>(nil)
        thread.perform { engine in
            do { try engine.listen() } catch { failure.update { $0 = error } }
        }
        if let failure = failure.read({ $0 }) { throw failure }
    }

    /// Where connections go from now on.
    package func retarget(to port: UInt16) { thread.perform { $0.target = port } }

    /// Ends the proxy with all its connections, and its thread.
    package func close() { thread.end() }

    // MARK: Looking

    /// Connections that are open.
    package var connections: Int { counters.read { $0.connections } }
    /// Connections ever accepted.
    package var accepted: Int { counters.read { $0.accepted } }
    /// Connections that were ended by a call of this proxy.
    package var cuts: Int { counters.read { $0.cuts } }
    /// Octets ever passed on, over all connections.
    package func octets(_ direction: Direction) -> Int { counters.read { $0.octets[direction.rawValue] } }

    /// Waits until so many connections have been accepted, ever.
    package func waitForAccepted(_ count: Int, within seconds: Double = 10) async throws {
        try await wait("\(count) connections to be accepted", within: seconds) { $0.accepted >= count }
    }

    /// Waits until so many connections have been cut, ever.
    package func waitForCuts(_ count: Int, within seconds: Double = 10) async throws {
        try await wait("\(count) connections to be cut", within: seconds) { $0.cuts >= count }
    }

    private func wait(_ what: String, within seconds: Double, _ condition: @escaping @Sendable (Counters) -> Bool)
        async throws
    {
        let came = try await onOwnThread { [counters] in
            counters.wait(until: Date(timeIntervalSinceNow: seconds)) { condition($0) ? true : nil } ?? false
        }
        guard came else { throw SupportError("waited \(seconds) s for \(what): \(counters.read { $0 })") }
    }
}
