import CSystem
import EventLoop
import Glibc
import Synchronized
import Testing

@Suite("A listener", .timeLimit(.minutes(1)))
struct ListenerTests {
    @Test("says which address it has when any port was asked for, and refuses a port in use")
    func portInUse() async throws {
        try await withLoop { loop in
            let first = try await loop.performing { LoopBound(try Listener(loopbackAddress(), on: loop) { _, _ in }) }
            let address = first.value.address
            #expect(address.host == loopback)
            #expect(address.port > 0)
            #expect(address.description == "127.0.0.1:\(address.port)")
            await #expect(throws: SystemError("bind", code: EADDRINUSE)) {
                try await loop.performing { _ = try Listener(address, on: loop) { _, _ in } }
            }
            await loop.perform { first.value.close() }
            // Free again at once.
            let second = try await loop.performing { LoopBound(try Listener(address, on: loop) { _, _ in }) }
            #expect(second.value.address.port == address.port)
        }
    }

    @Test("gives connections with their peer's address, and none while it is paused")
    func pause() async throws {
        try await withLoop { loop in
            let (peers, continuation) = AsyncStream.makeStream(of: String.self)
            let accepted = Shared(0)
            let listener = try await loop.performing {
                LoopBound(
                    try Listener(loopbackAddress(), on: loop) { descriptor, peer in
                        accepted.update { $0 += 1 }
                        continuation.yield(peer?.host ?? "?")
                        _ = descriptor.number
                    })
            }
            let port = listener.value.address.port
            var iterator = peers.makeAsyncIterator()
            let first = try connectRaw(port: port)
            #expect(await iterator.next() == loopback)
            await loop.perform {
                listener.value.pause()
                listener.value.pause()
            }
            let second = try connectRaw(port: port)
            let third = try connectRaw(port: port)
            await loop.turns()
            #expect(accepted.value == 1)
            await loop.perform { listener.value.resume() }
            #expect(await iterator.next() == loopback)
            #expect(await iterator.next() == loopback)
            #expect(accepted.value == 3)
            _ = (first.number, second.number, third.number)
        }
    }

    @Test("may be paused or closed by the call that gives a connection", arguments: [true, false])
    func closedWithin(_ closes: Bool) async throws {
        try await withLoop { loop in
            let accepted = Shared(0)
            let holder = Shared<LoopBound<Listener>?>(nil)
            let port = try await loop.performing {
                let listener = try Listener(loopbackAddress(), on: loop) { _, _ in
                    accepted.update { $0 += 1 }
                    if closes { holder.value?.value.close() } else { holder.value?.value.pause() }
                }
                holder.set(LoopBound(listener))
                // All of them wait before the listener looks.
                for _ in 0..<5 { _ = try connectRaw(port: listener.address.port) }
                return listener.address.port
            }
            await loop.turns()
            #expect(accepted.value == 1)
            #expect(port > 0)
            await loop.perform {
                holder.value?.value.close()
                holder.value?.value.resume()
            }
            holder.set(nil)
        }
    }

    @Test("refuses connections at the limit of descriptors without spinning, and takes them again below it")
    func exhaustion() async {
        // A process of its own, since the limit is the process's.
        await #expect(processExitsWith: .success) {
            try await settleRuntime()
            try await withLoop { loop in
                let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
                let accepted = Shared(0)
                let port = try await loop.performing {
                    try Listener(loopbackAddress(), on: loop) { descriptor, _ in
                        accepted.update { $0 += 1 }
                        continuation.yield()
                        _ = descriptor.number
                    }.address.port
                }
                let clients = try (0..<30).map { _ in try unconnectedSocket() }
                let idleness = try await loop.idleness()
                let fillers = exhaustDescriptors()
                for client in clients { _ = startConnecting(client, port: port) }
                for client in clients { await endOfConnection(client, on: loop) }
                // The runtime may have closed a descriptor or two of its own meanwhile.
                let takenDespite = accepted.value
                #expect(takenDespite < 10)
                #expect(try await idleness.isIdle())
                for filler in fillers { close(filler) }
                for client in clients { close(client) }
                _ = startConnecting(try unconnectedSocket(), port: port)
                var iterator = ends.makeAsyncIterator()
                for _ in 0...takenDespite { await iterator.next() }
                #expect(accepted.value == takenDespite + 1)
            }
        }
    }

    @Test("leaves connections waiting for a while when not even the descriptor it keeps for refusing is left")
    func exhaustionOfReserve() async {
        await #expect(processExitsWith: .success) {
            try await settleRuntime()
            try await withLoop { loop in
                let (ends, continuation) = AsyncStream.makeStream(of: Void.self)
                let client = try unconnectedSocket()
                let idleness = try await loop.idleness()
                var fillers = exhaustDescriptors()
                // Room for the listening socket alone, unless the runtime takes it just now.
                var port = 0
                repeat {
                    close(fillers.removeLast())
                    port = await loop.perform {
                        let listener = try? Listener(loopbackAddress(), on: loop) { _, _ in continuation.yield() }
                        return listener?.address.port ?? 0
                    }
                } while port == 0
                _ = startConnecting(client, port: port)
                #expect(try await idleness.isIdle())
                for filler in fillers { close(filler) }
                // The first one may have been refused, if the runtime closed a descriptor of its own meanwhile.
                _ = startConnecting(try unconnectedSocket(), port: port)
                var iterator = ends.makeAsyncIterator()
                await iterator.next()
            }
        }
    }
}

private func unconnectedSocket() throws -> CInt {
    try system("socket") { socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0) }
}

/// Opens descriptors until there are none left, under a lowered limit.
private func exhaustDescriptors() -> [CInt] {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = min(limit.rlim_cur, 256)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var fillers: [CInt] = []
    while case let filler = dup(0), filler >= 0 { fillers.append(filler) }
    return fillers
}

/// Waits until a connecting socket has been accepted and closed, or reset.
private func endOfConnection(_ number: CInt, on loop: EventLoop) async {
    final class Watcher: ReadinessHandler {
        let whenReady: () -> Void
        init(_ whenReady: @escaping () -> Void) { self.whenReady = whenReady }
        func ready(_: Readiness) { whenReady() }
        func loopDidStop() {}
    }
    await withCheckedContinuation { continuation in
        loop.execute {
            let watcher = Watcher {
                loop.deregister(number)
                continuation.resume()
            }
            do {
                try loop.register(number, .readable, watcher)
            } catch {
                continuation.resume()
            }
        }
    }
}
