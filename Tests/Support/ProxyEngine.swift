import Glibc

/// The connections of a proxy, moved by `poll`. Used on the proxy's thread only.
final class ProxyEngine {
    /// One connection. The sockets and directions are indexed by `Proxy.Direction`: octets of a direction come from
    /// `sockets[direction]` and go to the other one.
    private struct Link {
        var sockets: [Int32]
        var pipes = [ProxyPipe(), ProxyPipe()]
        var isConnecting = true
        var isOver = false
    }

    var target: UInt16
    var rules = [Proxy.Rules(), Proxy.Rules()]
    /// Octets left and the kind of cut, for each direction.
    var dueCuts: [(left: Int, cut: Proxy.Cut)?] = [nil, nil]
    private let port: UInt16
    private let receiveBuffer: Int?
    private let wake: Int32
    private var listener: Int32
    private let tap: Proxy.Tap?
    private let counters: Guarded<Proxy.Counters>
    private var links: [Link] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    init(
        port: UInt16, target: UInt16, receiveBuffer: Int?, wake: Int32, listener: Int32, tap: Proxy.Tap?,
        counters: Guarded<Proxy.Counters>
    ) {
        self.port = port
        self.target = target
        self.receiveBuffer = receiveBuffer
        self.wake = wake
        self.listener = listener
        self.tap = tap
        self.counters = counters
    }

    // MARK: Commands

    func listen() throws {
        if listener < 0 { listener = try ProxySocket.listen(on: port, receiveBuffer: receiveBuffer) }
    }

    func stopListening() {
        guard listener >= 0 else { return }
        // Also for a child process that another test just starts, and that holds it for a moment.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        listener = -1
    }

    func cutAll(_ cut: Proxy.Cut) {
        for index in links.indices { self.cut(index, cut) }
        removeEnded()
    }

    func end() {
        stopListening()
        cutAll(.goodbye)
    }

    // MARK: A turn

    func turn() {
        var entries = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        entries.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
        for link in links {
            for side in 0...1 {
                let events = interest(link, side)
                entries.append(pollfd(fd: events == 0 ? -1 : link.sockets[side], events: events, revents: 0))
            }
        }
        wait(&entries)
        if entries[0].revents != 0 { _ = read(wake, &buffer, buffer.count) }
        for index in links.indices {
            let (client, server) = (entries[2 + 2 * index].revents, entries[3 + 2 * index].revents)
            if links[index].isConnecting, server != 0 {
                links[index].isConnecting = false
                if ProxySocket.hasFailed(links[index].sockets[1]) { finish(index, .reset) }
            }
            if client != 0 { links[index].pipes[1].isBlocked = false }
            if server != 0 { links[index].pipes[0].isBlocked = false }
            let readable = Int16(POLLIN | POLLHUP | POLLERR)
            for direction in 0...1 {
                if (direction == 0 ? client : server) & readable != 0 { fill(index, direction) }
                drain(index, direction)
            }
            if links[index].pipes.allSatisfy(\.isShut) { finish(index, .goodbye) }
        }
        removeEnded()
        if entries[1].revents != 0 { acceptOne() }
    }

    /// What a socket is to be polled for; nothing while it is frozen.
    private func interest(_ link: Link, _ side: Int) -> Int16 {
        if link.isConnecting { return side == 1 ? Int16(POLLOUT) : 0 }
        var events: Int32 = 0
        if link.pipes[side].wantsMore(rules[side]) { events |= POLLIN }
        if link.pipes[1 - side].isBlocked, rules[1 - side].flow != .stop { events |= POLLOUT }
        return Int16(events)
    }

    private func wait(_ entries: inout [pollfd]) {
        let now = ContinuousClock.now
        var next: ContinuousClock.Instant?
        for link in links where !link.isConnecting {
            for direction in 0...1 {
                guard let due = link.pipes[direction].nextDue(rules[direction], now) else { continue }
                next = next.map { min($0, due) } ?? due
            }
        }
        guard let next else {
            poll(&entries, nfds_t(entries.count), -1)
            return
        }
        // poll counts in milliseconds; pieces may be closer.
        let microseconds = max(0, (next - now).components.attoseconds / 1_000_000_000_000)
        let seconds = max(0, (next - now).components.seconds)
        if seconds == 0, microseconds < 1000 {
            if microseconds > 0 { usleep(UInt32(microseconds)) }
            poll(&entries, nfds_t(entries.count), 0)
        } else {
            poll(&entries, nfds_t(entries.count), Int32(clamping: seconds * 1000 + microseconds / 1000))
        }
    }

    private func acceptOne() {
        guard let client = ProxySocket.accept(listener) else { return }
        counters.update { $0.accepted += 1 }
        guard let server = ProxySocket.connect(to: target, receiveBuffer: receiveBuffer) else {
            return ProxySocket.end(client, .reset)
        }
        links.append(Link(sockets: [client, server]))
        counters.update { $0.connections += 1 }
    }

    // MARK: Octets

    private func fill(_ index: Int, _ direction: Int) {
        guard !links[index].isOver, links[index].pipes[direction].wantsMore(rules[direction]) else { return }
        let count = recv(links[index].sockets[direction], &buffer, buffer.count, 0)
        if count < 0 {
            if errno != EAGAIN, errno != EINTR { finish(index, .reset) }
        } else if count == 0 {
            links[index].pipes[direction].hasEnded = true
        } else if rules[direction].flow == .pass {
            links[index].pipes[direction].append(buffer[..<count], due: .now + rules[direction].delay)
        }
    }

    private func drain(_ index: Int, _ direction: Int) {
        guard !links[index].isConnecting, rules[direction].flow == .pass else { return }
        let sink = links[index].sockets[1 - direction]
        while !links[index].isOver, !links[index].pipes[direction].isBlocked {
            var most = links[index].pipes[direction].ready(rules[direction], .now)
            guard most > 0 else { break }
            if let due = dueCuts[direction] { most = min(most, due.left) }
            if most > 0 {
                // Counted before anybody can have seen it.
                let sent = counters.update { counters in
                    let sent = links[index].pipes[direction].withFirst(most) {
                        Glibc.send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    counters.octets[direction] += max(0, sent)
                    return sent
                }
                if sent > 0, let tap, let direction = Proxy.Direction(rawValue: direction) {
                    links[index].pipes[direction.rawValue].withFirst(sent) { tap(direction, $0) }
                }
                if sent < 0 {
                    if errno == EINTR { continue }
                    if errno == EAGAIN { links[index].pipes[direction].isBlocked = true } else { finish(index, .reset) }
                    break
                }
                links[index].pipes[direction].remove(sent)
                dueCuts[direction]?.left -= sent
            }
            if let due = dueCuts[direction], due.left <= 0 {
                dueCuts[direction] = nil
                cut(index, due.cut)
            }
            // Others have their turn between two pieces.
            if rules[direction].pieceMax != nil { break }
        }
        if !links[index].isOver, links[index].pipes[direction].passesEnd {
            links[index].pipes[direction].isShut = true
            shutdown(sink, Int32(SHUT_WR))
        }
    }

    // MARK: Ends

    private func cut(_ index: Int, _ cut: Proxy.Cut) {
        guard !links[index].isOver else { return }
        finish(index, cut)
        counters.update { $0.cuts += 1 }
    }

    private func finish(_ index: Int, _ cut: Proxy.Cut) {
        guard !links[index].isOver else { return }
        links[index].isOver = true
        for socket in links[index].sockets { ProxySocket.end(socket, cut) }
        counters.update { $0.connections -= 1 }
    }

    private func removeEnded() { links.removeAll(where: \.isOver) }
}
