import Bytes
import CSystem
import EventLoop
import Glibc
import Synchronized
import Testing

/// Tells once that a socket has failed or is shut at both ends. It owns the descriptor.
private final class HangUpWatch: ReadinessHandler {
    private let whenTold: () -> Void
    init(_ whenTold: @escaping () -> Void) { self.whenTold = whenTold }
    func ready(_ readiness: Readiness) { if !readiness.isDisjoint(with: .failed) { whenTold() } }
    func loopDidStop() {}
}

/// Waits until the kernel reports a hang-up or an error on `descriptor`, by a duplicate of it.
private func hangUp(of descriptor: CInt, on loop: EventLoop) async throws {
    let copy = try system("dup") { dup(descriptor) }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        loop.execute {
            do {
                try loop.register(
                    copy, [],
                    HangUpWatch {
                        loop.deregister(copy)
                        close(copy)
                        continuation.resume()
                    })
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

@Suite("The end of a stream", .timeLimit(.minutes(1)))
struct HalfCloseTests {
    private let reply = pattern(200_000)

    @Test("comes from one side first: what waits is sent, then the end, and the other side still answers")
    func halfClose() async throws {
        try await withLoop { loop in
            try await withLoop { other in
                let (one, two) = try await endpoints(loop, other, sendBuffer: 65_536)
                let isTakenAfterwards = await one.with { stream in
                    stream.write { $0.append(pattern(200_000)) }
                    stream.shutdownOutput()
                    return stream.write { $0.append(UInt8(1)) }
                }
                #expect(isTakenAfterwards == false)
                let request = await two.readToEnd()
                #expect(digest(request.bytes) == digest(reply))
                #expect(request.last == .ended)
                await two.write(reply)
                await two.with { $0.closeAfterFlush() }
                let answer = await one.readToEnd()
                #expect(digest(answer.bytes) == digest(reply))
                #expect(answer.last == .ended)
                // Both ends are shut: nothing can come any more, so it closes by itself, and without an error.
                #expect(await one.closing() == .closed(nil))
                #expect(await two.closing() == .closed(nil))
            }
        }
    }

    @Test("asked for twice over still sends what waits: shutdownOutput, then closeAfterFlush")
    func shutdownThenClose() async throws {
        try await withLoop { loop in
            try await withLoop { other in
                let (one, two) = try await endpoints(loop, other, sendBuffer: 65_536)
                await one.with { stream in
                    stream.write { $0.append(pattern(200_000)) }
                    stream.flush()
                    stream.shutdownOutput()
                    stream.closeAfterFlush()
                }
                #expect(digest(await two.readToEnd().bytes) == digest(reply))
                #expect(await one.closing() == .closed(nil))
            }
        }
    }

    @Test("comes at once when nothing waits")
    func emptyClose() async throws {
        try await withLoop { loop in
            let (one, two) = try await endpoints(loop, loop)
            let isClosed = await one.with { stream in
                stream.closeAfterFlush()
                return stream.isClosed
            }
            #expect(isClosed == true)
            #expect(await two.readToEnd().last == .ended)
        }
    }

    @Test("waits for a reader that has paused, loses nothing, and does not keep the loop busy")
    func pausedHangUp() async throws {
        try await withLoop { loop in
            try await withLoop { other in
                let (number, peer) = try connectedPair()
                let one = try await loop.performing { try Endpoint.open(OwnedDescriptor(number), on: loop) }
                await one.with { stream in
                    stream.shutdownOutput()
                    stream.pauseReading()
                }
                let answer = pattern(20_000)
                #expect(send(peer, answer, answer.count, 0) == answer.count)
                close(peer)
                try await hangUp(of: number, on: other)
                let idleness = try await loop.idleness()
                #expect(try await idleness.isIdle())
                await one.with { $0.resumeReading() }
                let received = await one.readToEnd()
                #expect(digest(received.bytes) == digest(answer))
                #expect(received.last == .ended)
                #expect(await one.closing() == .closed(nil))
            }
        }
    }

    @Test("of the peer alone leaves the loop idle, and writing works")
    func peerEnded() async throws {
        try await withLoop { loop in
            let (one, two) = try await endpoints(loop, loop)
            await two.with { $0.shutdownOutput() }
            #expect(await one.readToEnd().last == .ended)
            let idleness = try await loop.idleness()
            #expect(try await idleness.isIdle())
            await one.write([1, 2, 3])
            #expect(await two.read(3) == [1, 2, 3])
            await one.with { $0.shutdownOutput() }
            #expect(await one.closing() == .closed(nil))
            #expect(await two.closing() == .closed(nil))
        }
    }

    @Test(
        "by a reset is an error, whatever the stream was doing", arguments: ["reading", "paused", "blocked", "ended"])
    func reset(_ state: String) async throws {
        try await withLoop { loop in
            let (number, peer) = try connectedPair()
            let one = try await loop.performing { try Endpoint.open(OwnedDescriptor(number), on: loop) }
            switch state {
            case "paused": await one.with { $0.pauseReading() }
            case "blocked":
                await one.with { stream in
                    stream.pauseReading()
                    stream.write { $0.append(plenty) }
                }
                await loop.turns()
            case "ended":
                shutdown(peer, CInt(SHUT_WR))
                #expect(await one.readToEnd().last == .ended)
            default: break
            }
            closeWithReset(peer)
            guard case .closed(let error?)? = await one.closing() else {
                Issue.record("closed without an error")
                return
            }
            #expect([ECONNRESET, EPIPE].contains(error.code))
        }
    }

    @Test("by a reset comes after what the peer had said before, even if writing fails")
    func earlyReply() async throws {
        try await withLoop { loop in
            let (number, peer) = try connectedPair()
            let one = try await loop.performing { try Endpoint.open(OwnedDescriptor(number), on: loop) }
            await one.with { stream in
                stream.pauseReading()
                stream.write { $0.append(plenty) }
            }
            await loop.turns()
            // One wait of the loop finds the reply, the reset and that writing fails.
            await loop.perform {
                one.stream?.resumeReading()
                send(peer, "no", 2, 0)
                // What is unread here makes the kernel answer with a reset.
                close(peer)
            }
            #expect(await one.readToEnd().bytes == Array("no".utf8))
        }
    }
}
