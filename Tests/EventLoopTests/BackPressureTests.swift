import Bytes
import EventLoop
import Glibc
import Synchronized
import Testing

/// Sends octets in pieces of many sizes, copied and shared ones mixed, as fast as the stream takes them.
///
/// `@unchecked Sendable`: used on its loop only.
private final class Pump: StreamHandler, @unchecked Sendable {
    private let bytes: [UInt8]
    private var position = 0
    private var random: UInt64
    private var stream: Stream?
    private(set) var most = 0
    private(set) var refusals = 0

    init(_ bytes: [UInt8], seed: UInt64) {
        self.bytes = bytes
        random = seed
    }

    func start(_ descriptor: CInt, on loop: EventLoop, limit: Int) throws {
        let stream = try Stream(OwnedDescriptor(descriptor), on: loop, handler: self)
        stream.outputLimit = limit
        stream.lowWaterMark = limit / 4
        self.stream = stream
        pump()
    }

    private func pump() {
        guard let stream else { return }
        while position < bytes.count {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let size = Int(random >> 33) % ((random >> 60) == 0 ? 70_000 : 3000) + 1
            let piece = bytes[position..<min(bytes.count, position + size)]
            let isShared = (random >> 50) & 3 == 0
            let isTaken =
                isShared ? stream.write(shared: SharedBytes(Array(piece))) : stream.write { $0.append(piece) }
            most = max(most, stream.pendingOutput)
            guard isTaken else {
                refusals += 1
                return
            }
            position += piece.count
        }
        stream.closeAfterFlush()
    }

    func streamDidReceive(_ received: ReceivedBytes) {}
    func streamDidDrain() { pump() }
    func streamDidEnd() {}
    func streamDidClose(_ error: SystemError?) { stream = nil }
}

/// Compares what arrives with what is expected, and pauses now and then for a few turns.
///
/// `@unchecked Sendable`: used on its loop only.
private final class Comparer: StreamHandler, @unchecked Sendable {
    private let bytes: [UInt8]
    private let whenDone: (Int?) -> Void
    private var position = 0
    private var calls = 0
    private var difference: Int?
    private var stream: Stream?

    init(_ bytes: [UInt8], whenDone: @escaping (Int?) -> Void) {
        self.bytes = bytes
        self.whenDone = whenDone
    }

    func start(_ descriptor: CInt, on loop: EventLoop) throws {
        stream = try Stream(OwnedDescriptor(descriptor), on: loop, handler: self)
    }

    func streamDidReceive(_ received: ReceivedBytes) {
        let count = received.bytes.count
        let isSame =
            position + count <= bytes.count
            && bytes.withUnsafeBytes {
                UnsafeRawBufferPointer(rebasing: $0[position..<position + count]).elementsEqual(received.bytes)
            }
        if !isSame, difference == nil { difference = position }
        position += count
        calls += 1
        guard calls % 7 == 0, let stream else { return }
        stream.pauseReading()
        stream.loop.schedule(after: .microseconds(300)) { stream.resumeReading() }
    }

    func streamDidDrain() {}
    func streamDidEnd() { stream?.close() }
    func streamDidClose(_ error: SystemError?) {
        stream = nil
        if difference == nil, position != bytes.count { difference = position }
        whenDone(difference)
    }
}

@Suite("A stream's output queue", .timeLimit(.minutes(1)))
struct BackPressureTests {
    @Test("keeps tens of megabytes in order, copied and shared ones mixed, and stays bounded beside slow readers")
    func exactness() async throws {
        try await withLoop { sending in
            try await withLoop { receiving in
                let bytes = pattern(10 << 20)
                let limit = 256 * 1024
                await withTaskGroup(of: Void.self) { group in
                    for seed in 1...4 {
                        group.addTask {
                            guard let (one, two) = try? connectedPair() else {
                                Issue.record("no pair of sockets")
                                return
                            }
                            let pump = Pump(bytes, seed: UInt64(seed))
                            let difference = await withCheckedContinuation { continuation in
                                receiving.execute {
                                    try? Comparer(bytes) { continuation.resume(returning: $0) }
                                        .start(two, on: receiving)
                                }
                                sending.execute { try? pump.start(one, on: sending, limit: limit) }
                            }
                            #expect(difference == nil)
                            let (most, refusals) = await sending.perform { (pump.most, pump.refusals) }
                            #expect(most < limit + 70_001)
                            #expect(refusals > 0)
                        }
                    }
                }
            }
        }
    }

    @Test("refuses at its limit, and tells once it has fallen to the low-water mark")
    func limit() async throws {
        try await withLoop { loop in
            try await withLoop { other in
                let (one, two) = try await endpoints(loop, other, sendBuffer: 65_536)
                await two.with { $0.pauseReading() }
                let counts = await one.with { stream -> [Int] in
                    stream.outputLimit = 1_000_000
                    stream.lowWaterMark = 10_000
                    var taken = 0
                    while stream.write({ $0.append(pattern(3000)) }) { taken += 1 }
                    return [taken, stream.pendingOutput]
                }
                #expect(counts == [334, 1_002_000])
                await loop.turns()
                let pending = await one.with { $0.pendingOutput } ?? 0
                #expect(pending > 10_000 && pending <= 1_002_000)
                await two.with { $0.resumeReading() }
                #expect(await one.awaits(.drained))
                let rest = await one.with { $0.pendingOutput } ?? -1
                #expect((0...10_000).contains(rest))
                #expect(await two.read(1_002_000).count == 1_002_000)
            }
        }
    }

    @Test("tells that there is room again after a refusal, also when the socket never blocked")
    func refusalWithoutBlocking() async throws {
        try await withLoop { loop in
            let (one, two) = try await endpoints(loop, loop)
            let answers = await one.with { stream in
                stream.outputLimit = 1000
                let first = stream.write { $0.append(pattern(1000)) }
                let second = stream.write { $0.append(UInt8(1)) }
                return [first, second]
            }
            #expect(answers == [true, false])
            #expect(await one.awaits(.drained))
            #expect(await one.write([1]))
            #expect(await two.read(1001).count == 1001)
        }
    }

    @Test("tells that it has drained when it had risen above the low-water mark within one turn")
    func riseWithinTurn() async throws {
        try await withLoop { loop in
            let (one, _) = try await endpoints(loop, loop)
            await one.with { stream in
                stream.lowWaterMark = 100
                stream.write { $0.append(pattern(101)) }
            }
            #expect(await one.awaits(.drained))
        }
    }

    @Test("lets go of shared octets once they are sent, while others still wait")
    func releasesShared() async throws {
        final class Weak: @unchecked Sendable {
            // Read and written on the loop only.
            weak var bytes: SharedBytes?
        }
        try await withLoop { loop in
            try await withLoop { other in
                let size = 100_000
                let received = Shared(0)
                let (one, two) = try await endpoints(
                    loop, other, sendBuffer: 65_536,
                    peerReaction: { stream, event in
                        guard case .received(let bytes) = event else { return }
                        if received.update({
                            $0 += bytes.count; return $0
                        }) > 20 * size {
                            stream.pauseReading()
                        }
                    })
                // More than the kernel's buffers hold.
                let references = (0..<200).map { _ in Weak() }
                await one.with { stream in
                    stream.outputLimit = .max
                    for reference in references {
                        let bytes = SharedBytes([UInt8](repeating: 1, count: size))
                        reference.bytes = bytes
                        stream.write(shared: bytes)
                    }
                }
                let count = await two.read(20 * size + 1).count
                let (living, pending) =
                    await one.with { stream in
                        (references[..<(count / size)].count { $0.bytes != nil }, stream.pendingOutput)
                    } ?? (-1, 0)
                #expect(living == 0)
                #expect(pending > 0)
                await one.with { $0.close() }
            }
        }
    }

    @Test("is written to again from the call that tells of room, without end")
    func writesInDrain() async throws {
        try await withLoop { loop in
            try await withLoop { other in
                let count = Shared(0)
                let (one, two) = try await endpoints(loop, other, sendBuffer: 65_536) { stream, event in
                    guard event == .drained else { return }
                    if count.update({
                        $0 += 1; return $0
                    }) < 50 {
                        stream.write { $0.append(pattern(100_000)) }
                    } else {
                        stream.closeAfterFlush()
                    }
                }
                await one.write(pattern(100_000))
                let received = await two.readToEnd()
                #expect(digest(received.bytes) == digest(Array(repeatElement(pattern(100_000), count: 50).joined())))
                #expect(received.last == .ended)
            }
        }
    }
}
