import CSystem
import EventLoop
import Glibc
import Testing

private final class Watcher: ReadinessHandler {
    private let whenReady: (Readiness) -> Void
    init(_ whenReady: @escaping (Readiness) -> Void) { self.whenReady = whenReady }
    func ready(_ readiness: Readiness) { whenReady(readiness) }
    func loopDidStop() {}
}

@Suite("A descriptor's number that is used again", .timeLimit(.minutes(1)))
struct DescriptorReuseTests {
    @Test("never gets an event of the descriptor that had it, though that was fetched before")
    func staleEvent() async throws {
        try await withLoop { loop in
            let first = try connectedPair()
            let second = try connectedPair()
            let fresh = try connectedPair()
            let told = Shared<[String]>([])
            let (events, continuation) = AsyncStream.makeStream(of: Void.self)
            try await loop.performing {
                // Both are ready before they are registered, so one wait fetches both events. Whoever is told first
                // replaces the other's socket by one with nothing to read, under the same number.
                @Sendable func replace(_ number: CInt) {
                    loop.deregister(number)
                    dup2(fresh.0, number)
                    let watcher = Watcher { _ in
                        told.update { $0.append("new") }
                        var octet: UInt8 = 0
                        recv(number, &octet, 1, 0)
                        continuation.yield()
                    }
                    try? loop.register(number, .readable, watcher)
                }
                for (own, other) in [(first, second), (second, first)] {
                    send(own.1, "x", 1, 0)
                    let watcher = Watcher { _ in
                        told.update { $0.append("old") }
                        loop.deregister(own.0)
                        replace(other.0)
                    }
                    try loop.register(own.0, .readable, watcher)
                }
            }
            await loop.turns()
            #expect(told.value == ["old"])
            send(fresh.1, "y", 1, 0)
            var iterator = events.makeAsyncIterator()
            await iterator.next()
            await loop.turns()
            #expect(told.value == ["old", "new"])
            for number in [first.0, first.1, second.0, second.1, fresh.0, fresh.1] { close(number) }
        }
    }

    @Test("gets its own events after a thousand registrations before it")
    func manyRegistrations() async throws {
        try await withLoop { loop in
            let (number, peer) = try connectedPair()
            send(peer, "x", 1, 0)
            let told = Shared<[Int]>([])
            try await loop.performing {
                for round in 0..<1000 {
                    try loop.register(number, .readable, Watcher { _ in told.update { $0.append(round) } })
                    loop.deregister(number)
                }
                try loop.register(
                    number, .readable,
                    Watcher { _ in
                        told.update { $0.append(1000) }
                        loop.deregister(number)
                    })
            }
            await loop.turns()
            #expect(told.value == [1000])
            close(number)
            close(peer)
        }
    }

    @Test("is refused while it is registered, and what cannot be watched is an error")
    func refusals() async throws {
        try await withLoop { loop in
            let (number, peer) = try connectedPair()
            await #expect(throws: SystemError("epoll_ctl add", code: EEXIST)) {
                try await loop.performing {
                    try loop.register(number, .readable, Watcher { _ in })
                    try loop.register(number, .readable, Watcher { _ in })
                }
            }
            let file = try system("open") { open("/proc/self/status", O_RDONLY | O_CLOEXEC) }
            await #expect(throws: SystemError("epoll_ctl add", code: EPERM)) {
                try await loop.performing { try loop.register(file, .readable, Watcher { _ in }) }
            }
            for descriptor in [number, peer, file] { close(descriptor) }
        }
    }
}
