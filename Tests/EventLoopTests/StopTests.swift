import Bytes
import CSystem
import EventLoop
import Glibc
import Testing

@Suite("Stopping an event loop", .timeLimit(.minutes(1)))
struct StopTests {
    private func startedLoop() throws -> EventLoop {
        let loop = try EventLoop(name: "stopping")
        try loop.start()
        return loop
    }

    @Test("wakes those who sleep on it, resolve or connect, with a cancellation")
    func wakesWaiters() async throws {
        let loop = try startedLoop()
        let full = try FullListener()
        let port = full.port
        let outside = Task { try await loop.sleep(for: .seconds(3600)) }
        let inside = Task(executorPreference: loop) { () -> Bool in
            do {
                try await loop.sleep(for: .seconds(3600))
            } catch {
                // What a task does at its end is done, also if it waits for the loop again.
                await Task.yield()
                await #expect(throws: CancellationError.self) { try await loop.sleep(for: .zero) }
                return error is CancellationError
            }
            return false
        }
        let connecting = Task {
            try await loop.connect(host: loopback, port: port, timeout: .seconds(3600)).number
        }
        await loop.turns(10)
        loop.stop()
        await #expect(throws: CancellationError.self) { try await outside.value }
        #expect(await inside.value)
        await #expect(throws: CancellationError.self) { _ = try await connecting.value }
        loop.join()
    }

    @Test("closes streams, listeners and what else is registered, and tells the streams' handlers")
    func closesDescriptors() async throws {
        let loop = try startedLoop()
        let (number, peer) = try connectedPair()
        let endpoint = try await loop.performing { try Endpoint.open(OwnedDescriptor(number), on: loop) }
        let port = try await loop.performing {
            try Listener(loopbackAddress(), on: loop) { _, _ in }.address.port
        }
        loop.stop()
        loop.join()
        #expect(await endpoint.closing() == .closed(SystemError("event loop", code: ECANCELED)))
        var octet: UInt8 = 0
        #expect(recv(peer, &octet, 1, 0) == 0)
        close(peer)
        let again = try connectRaw(port: port)
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(again.number, SOL_SOCKET, SO_ERROR, &code, &size)
        #expect(code == ECONNREFUSED)
    }

    @Test("takes no more work, and who wants to sleep on it or connect from it is told so")
    func afterwards() async throws {
        let loop = try startedLoop()
        #expect(loop.execute {})
        loop.stop()
        loop.join()
        #expect(!loop.execute { Issue.record("ran on a loop that has ended") })
        await #expect(throws: CancellationError.self) { try await loop.sleep(for: .zero) }
        await #expect(throws: CancellationError.self) {
            _ = try await loop.connect(host: "localhost", port: 1, timeout: .seconds(1)).number
        }
        await #expect(throws: CancellationError.self) {
            let listening = try BoundSocket(backlog: 1)
            _ = try await loop.connect(host: loopback, port: listening.port, timeout: .seconds(1)).number
        }
        #expect(!loop.isCurrent)
        loop.stop()
        loop.join()
    }

    @Test("may be asked for by the loop itself, and does what was added before")
    func fromItself() async throws {
        let loop = try startedLoop()
        let done = Shared<[Int]>([])
        loop.execute {
            loop.execute { done.update { $0.append(1) } }
            loop.stop()
            loop.execute { done.update { $0.append(2) } }
        }
        loop.join()
        #expect(done.value == [1, 2])
    }

    @Test("ends although calls breed calls and handlers open new streams for those that close")
    func breeding() async throws {
        let loop = try startedLoop()
        let refusals = Shared<[SystemError]>([])
        @Sendable func breed() { loop.execute { breed() } }
        @Sendable func open() {
            guard let (number, peer) = try? connectedPair() else { return }
            close(peer)
            do {
                _ = try Endpoint.open(OwnedDescriptor(number), on: loop) { stream, event in
                    switch event {
                    case .closed: open()
                    default: break
                    }
                }
            } catch let error as SystemError {
                refusals.update { $0.append(error) }
            } catch {}
        }
        loop.execute {
            breed()
            open()
        }
        await loop.turns()
        loop.stop()
        loop.join()
        #expect(refusals.value == [SystemError("event loop", code: ECANCELED)])
    }

    @Test("frees the loop, whatever was left on it")
    func frees() async throws {
        weak var freed: EventLoop?
        func leaveThings() async throws {
            let loop = try startedLoop()
            freed = loop
            let (number, peer) = try connectedPair()
            let endpoint = try await loop.performing { try Endpoint.open(OwnedDescriptor(number), on: loop) }
            await endpoint.with { stream in stream.write { $0.append(plenty) } }
            try await loop.performing {
                _ = try Listener(loopbackAddress(), on: loop) { _, _ in _ = loop }
                _ = try SignalSource([SIGUSR2], on: loop) { _ in _ = loop }
                loop.schedule(after: .seconds(3600)) { _ = loop }
            }
            let sleeper = Task { try? await loop.sleep(for: .seconds(3600)) }
            await loop.turns()
            loop.stop()
            loop.join()
            await sleeper.value
            close(peer)
        }
        try await leaveThings()
        #expect(freed == nil)
    }

    @Test("may come before the loop was started")
    func beforeStart() throws {
        let loop = try EventLoop(name: "unstarted")
        loop.stop()
        try loop.start()
        loop.join()
        #expect(!loop.execute {})
    }

    @Test("lets a service start and stop a hundred groups without leaving a descriptor or a thread")
    func repeated() async throws {
        // A process of its own, so that nobody else opens descriptors meanwhile.
        await #expect(processExitsWith: .success) {
            func cycle() async throws {
                let group = try EventLoopGroup(count: 2)
                let (one, _) = try await endpoints(group.loops[0], group.loops[1])
                await one.write([1])
                group.stop()
            }
            try await cycle()
            let before = (openDescriptors(), threadCount())
            for _ in 0..<100 { try await cycle() }
            // The runtime's own may have grown by a few.
            #expect(openDescriptors() < before.0 + 20)
            #expect(threadCount() < before.1 + 20)
        }
    }
}
