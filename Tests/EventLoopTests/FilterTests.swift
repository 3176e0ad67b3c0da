import Bytes
import CSystem
import EventLoop
import Glibc
import Testing

@Suite("A stream with a filter", .timeLimit(.minutes(1)))
struct FilterTests {
    /// Both ends of a connection, each with a filter.
    func filteredEndpoints(
        _ loop: EventLoop, reaction: (@Sendable (Stream, Endpoint.Event) -> Void)? = nil
    ) async throws -> (Endpoint, Endpoint) {
        let (one, two) = try connectedPair()
        return try await loop.performing {
            (
                try Endpoint.open(OwnedDescriptor(one), on: loop, filter: FramingFilter(), reaction: reaction),
                try Endpoint.open(OwnedDescriptor(two), on: loop, filter: FramingFilter())
            )
        }
    }

    /// One end with a filter, and the descriptor of a peer that the test plays, which has greeted if it `greets`.
    func filteredEndpoint(
        _ loop: EventLoop, greets: Bool = true, reaction: (@Sendable (Stream, Endpoint.Event) -> Void)? = nil
    ) async throws -> (Endpoint, CInt) {
        let (one, two) = try connectedPair()
        let endpoint = try await loop.performing {
            try Endpoint.open(OwnedDescriptor(one), on: loop, filter: FramingFilter(), reaction: reaction)
        }
        #expect(receive(two, FramingFilter.greeting.count) == FramingFilter.greeting)
        if greets { transmit(two, FramingFilter.greeting) }
        return (endpoint, two)
    }

    func transmit(_ descriptor: CInt, _ octets: [UInt8]) { #expect(send(descriptor, octets, octets.count, 0) > 0) }

    /// The next `count` octets, or fewer when the stream ends.
    func receive(_ descriptor: CInt, _ count: Int) -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < count {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 10_000) == 1 else { break }
            var buffer = [UInt8](repeating: 0, count: count - octets.count)
            let got = recv(descriptor, &buffer, buffer.count, 0)
            guard got > 0 else { break }
            octets += buffer[..<got]
        }
        return octets
    }

    @Test("carries megabytes both ways, copied and shared ones mixed, past full buffers and pauses")
    func exactness() async throws {
        try await withLoop { loop in
            let bytes = pattern(6 << 20)
            let calls = Shared(0)
            let (one, two) = try await filteredEndpoints(loop) { stream, event in
                guard case .received = event else { return }
                calls.update { $0 += 1 }
                guard calls.value % 5 == 0 else { return }
                stream.pauseReading()
                stream.loop.schedule(after: .microseconds(300)) { stream.resumeReading() }
            }
            for endpoint in [one, two] {
                await endpoint.with { stream in
                    for start in stride(from: 0, to: bytes.count, by: 100_000) {
                        let piece = bytes[start..<min(bytes.count, start + 100_000)]
                        if start % 300_000 == 0 {
                            stream.write(shared: SharedBytes(Array(piece)))
                        } else {
                            stream.write { $0.append(piece) }
                        }
                    }
                    stream.shutdownOutput()
                }
            }
            let (first, second) = (await one.readToEnd(), await two.readToEnd())
            #expect(digest(first.bytes) == digest(bytes))
            #expect(digest(second.bytes) == digest(bytes))
            #expect(first.last == .ended && second.last == .ended)
        }
    }

    @Test("keeps what is written until the filter is established, and counts it")
    func waiting() async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop, greets: false)
            let answers = await endpoint.with { stream -> [Bool] in
                stream.outputLimit = 4
                stream.lowWaterMark = 0
                return [stream.write { $0.append([1, 2, 3, 4]) }, stream.write { $0.append([5]) }]
            }
            #expect(answers == [true, false])
            await loop.turns()
            #expect(await endpoint.with { $0.pendingOutput } == 4)
            transmit(peer, FramingFilter.greeting)
            #expect(receive(peer, 6) == FramingFilter.frame([1, 2, 3, 4]))
            #expect(await endpoint.awaits(.drained))
            #expect(await endpoint.with { $0.pendingOutput } == 0)
            close(peer)
        }
    }

    @Test("sends what one turn wrote as one piece")
    func oneTurn() async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop)
            await loop.turns()
            await endpoint.with { stream in
                for octet in 1...3 as ClosedRange<UInt8> { stream.write { $0.append(octet) } }
            }
            #expect(receive(peer, 5) == FramingFilter.frame([1, 2, 3]))
            close(peer)
        }
    }

    @Test(
        "says goodbye when it is closed after the flush, when the output is shut, and when it is closed",
        arguments: [0, 1, 2])
    func goodbye(_ way: Int) async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop)
            // So that the greeting is in.
            transmit(peer, FramingFilter.frame([9]))
            #expect(await endpoint.read(1) == [9])
            await endpoint.with { stream in
                if way < 2 { stream.write { $0.append([1]) } }
                switch way {
                case 0: stream.closeAfterFlush()
                case 1: stream.shutdownOutput()
                default: stream.close()
                }
            }
            let expected = (way < 2 ? FramingFilter.frame([1]) : []) + FramingFilter.goodbye
            #expect(receive(peer, 100) == expected)
            if way == 1 {
                // Reading goes on.
                transmit(peer, FramingFilter.frame([2]))
                #expect(await endpoint.read(1) == [2])
            } else {
                #expect(await endpoint.closing() == .closed(nil))
            }
            close(peer)
        }
    }

    @Test("does not say goodbye when it drops what was written")
    func dropped() async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop)
            transmit(peer, FramingFilter.frame([9]))
            #expect(await endpoint.read(1) == [9])
            await endpoint.with { stream in
                stream.write { $0.append([1]) }
                stream.close()
            }
            #expect(receive(peer, 100) == [])
            close(peer)
        }
    }

    @Test("tells the peer's goodbye as the end, once, and reads nothing behind it")
    func ended() async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop)
            transmit(peer, FramingFilter.frame([1]) + FramingFilter.goodbye + FramingFilter.frame([2]))
            let (bytes, last) = await endpoint.readToEnd()
            #expect(bytes == [1])
            #expect(last == .ended)
            // Writing still works.
            await endpoint.write([3])
            #expect(receive(peer, 3) == FramingFilter.frame([3]))
            await endpoint.with { $0.closeAfterFlush() }
            #expect(await endpoint.closing() == .closed(nil))
            close(peer)
        }
    }

    @Test("closes with the filter's error when the peer ends without a goodbye")
    func truncated() async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop)
            transmit(peer, FramingFilter.frame([1]))
            close(peer)
            let (bytes, last) = await endpoint.readToEnd()
            #expect(bytes == [1])
            #expect(last == .closed(SystemError("filter", code: ECONNABORTED)))
        }
    }

    @Test("closes with the filter's error, after what came before it, and sends the filter's last word")
    func failure() async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop)
            transmit(peer, FramingFilter.frame([1]) + FramingFilter.wrong)
            let (bytes, last) = await endpoint.readToEnd()
            #expect(bytes == [1])
            #expect(last == .closed(SystemError("filter", code: EPROTO)))
            #expect(receive(peer, 100) == FramingFilter.sorry)
            close(peer)
        }
    }

    @Test("is closed without a handshake when nothing was written")
    func unused() async throws {
        try await withLoop { loop in
            let (endpoint, peer) = try await filteredEndpoint(loop, greets: false)
            await endpoint.with { $0.closeAfterFlush() }
            #expect(await endpoint.closing() == .closed(nil))
            #expect(receive(peer, 100) == [])
            close(peer)
        }
    }
}
