import Bytes
import CSystem
import EventLoop
import Glibc
import Testing

@Suite("A stream", .timeLimit(.minutes(1)))
struct StreamTests {
    @Test("echoes over loopback, through a listener that hands its connections to other loops")
    func echo() async throws {
        let group = try EventLoopGroup(count: 3)
        defer { group.stop() }
        let first = group.first
        let (port, listener) = try await first.performing {
            let listener = try Listener(loopbackAddress(), on: first) { descriptor, _ in
                let number = descriptor.take()
                let loop = group.next()
                loop.execute {
                    _ = try? Endpoint.open(OwnedDescriptor(number), on: loop) { stream, event in
                        switch event {
                        case .received(let bytes): stream.write { $0.append(bytes) }
                        case .ended: stream.closeAfterFlush()
                        default: break
                        }
                    }
                }
            }
            return (listener.address.port, LoopBound(listener))
        }
        let bytes = pattern(300_000)
        for _ in 0..<6 {
            let loop = group.next()
            let number = try await loop.connect(host: loopback, port: port, timeout: .seconds(20)).take()
            let client = try await loop.performing { try Endpoint.open(OwnedDescriptor(number), on: loop) }
            await client.write(bytes)
            await client.with { $0.shutdownOutput() }
            let echoed = await client.readToEnd()
            #expect(digest(echoed.bytes) == digest(bytes))
            #expect(echoed.last == .ended)
            #expect(await client.closing() == .closed(nil))
        }
        await first.perform { listener.value.close() }
    }

    @Test("gathers the writes of a turn, and sends them when told, before the turn ends")
    func flush() async throws {
        try await withLoop { loop in
            let (one, two) = try connectedPair()
            let endpoint = try await loop.performing { try Endpoint.open(OwnedDescriptor(one), on: loop) }
            let seen = await endpoint.with { stream -> [Int] in
                var buffer = [UInt8](repeating: 0, count: 16)
                func look() -> Int { recv(two, &buffer, 16, CInt(MSG_DONTWAIT | MSG_PEEK)) }
                stream.write { $0.append(UInt8(1)) }
                stream.write { $0.append(UInt8(2)) }
                let before = look()
                stream.flush()
                let after = look()
                stream.write { $0.append(UInt8(3)) }
                return [before, after, look(), stream.pendingOutput]
            }
            #expect(seen == [-1, 2, 2, 1])
            await loop.turns()
            var buffer = [UInt8](repeating: 0, count: 16)
            #expect(recv(two, &buffer, 16, 0) == 3)
            #expect(buffer[..<3] == [1, 2, 3])
            close(two)
            _ = await endpoint.readToEnd()
        }
    }

    @Test("may be closed by its own handler, in whatever call", arguments: ["received", "drained", "ended"])
    func closedWithin(_ call: String) async throws {
        try await withLoop { loop in
            let (one, two) = try await endpoints(loop, loop, sendBuffer: 65_536) { stream, event in
                switch (call, event) {
                case ("received", .received), ("drained", .drained), ("ended", .ended): stream.close()
                default: break
                }
            }
            await one.with { stream in stream.write { $0.append(plenty) } }
            await two.write(pattern(300_000))
            await two.with { $0.shutdownOutput() }
            #expect(await one.closing() == .closed(nil))
        }
    }

    @Test("tells nothing after it was closed, and takes no more octets")
    func silence() async throws {
        try await withLoop { loop in
            let (one, two) = try await endpoints(loop, loop)
            let answers = await one.with { stream in
                stream.write { $0.append(UInt8(1)) }
                stream.close()
                let isTaken = stream.write { $0.append(UInt8(2)) }
                let isSharedTaken = stream.write(shared: SharedBytes([3]))
                // None of these may touch the descriptor, which somebody else may have by now.
                stream.flush()
                stream.pauseReading()
                stream.resumeReading()
                stream.shutdownOutput()
                stream.closeAfterFlush()
                stream.close()
                return [isTaken, isSharedTaken, stream.isClosed]
            }
            #expect(answers == [false, false, true])
            var events: [Endpoint.Event] = []
            for await event in one.events { events.append(event) }
            #expect(events == [.closed(nil)])
            let peer = await two.readToEnd()
            #expect(peer.bytes == [])
        }
    }

    @Test("that is closed by another one's handler in the same batch of events is told nothing more")
    func closedByAnother() async throws {
        try await withLoop { loop in
            let pairs = [try connectedPair(), try connectedPair()]
            let streams = Shared<[Endpoint]>([])
            let told = Shared<[Int]>([])
            try await loop.performing {
                for (number, pair) in pairs.enumerated() {
                    // Ready before they are registered, so that one wait finds both.
                    send(pair.1, "x", 1, 0)
                    let endpoint = try Endpoint.open(OwnedDescriptor(pair.0), on: loop) { _, event in
                        guard case .received = event else { return }
                        told.update { $0.append(number) }
                        streams.value[1 - number].stream?.close()
                    }
                    streams.update { $0.append(endpoint) }
                }
            }
            await loop.turns()
            #expect(told.value.count == 1)
            // The endpoints' reactions hold the list that holds the endpoints.
            streams.set([])
            for pair in pairs { close(pair.1) }
        }
    }

    @Test("reads nothing from who has its descriptor's number once it was closed within a call")
    func closedWhileReading() async throws {
        try await withLoop { loop in
            let (number, peer) = try connectedPair()
            let (heir, sender) = try connectedPair()
            send(sender, "mine", 4, 0)
            let endpoint = try await loop.performing {
                let endpoint = try Endpoint.open(OwnedDescriptor(number), on: loop) { stream, event in
                    guard case .received = event else { return }
                    stream.close()
                    dup2(heir, number)
                }
                // More than one read of the stream takes.
                send(peer, plenty, 200_000, 0)
                return endpoint
            }
            #expect(await endpoint.closing() == .closed(nil))
            await loop.turns()
            var buffer = [UInt8](repeating: 0, count: 8)
            #expect(recv(heir, &buffer, 8, CInt(MSG_DONTWAIT)) == 4)
            for descriptor in [number, peer, heir, sender] { close(descriptor) }
        }
    }

    @Test("does not let a peer that never stops sending keep another one waiting")
    func fairness() async throws {
        try await withLoop { loop in
            try await withLoop { other in
                let (busy, flood) = try await endpoints(loop, other) { stream, event in
                    if case .ended = event { stream.close() }
                }
                let block = SharedBytes(pattern(1 << 20))
                let isDone = Shared(false)
                await flood.with { stream in
                    @Sendable func more() {
                        guard !isDone.value, let stream = flood.stream else { return }
                        while stream.write(shared: block) {}
                        other.execute { more() }
                    }
                    more()
                }
                // The events pile up unread in the endpoint of the busy stream, so the exchange is short.
                let (one, two) = try await endpoints(loop, other)
                for number in 0..<20 {
                    await two.write([UInt8(number)])
                    #expect(await one.read(1) == [UInt8(number)])
                }
                isDone.set(true)
                await flood.with { $0.close() }
                _ = await busy.closing()
            }
        }
    }
}

/// What lives on one loop, carried through a task that does not touch it: `@unchecked Sendable` for that reason.
struct LoopBound<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
