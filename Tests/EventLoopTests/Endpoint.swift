import Bytes
import CSystem
import EventLoop
import Glibc
import Synchronized

/// A stream whose events can be awaited, and which can be called from anywhere.
///
/// `@unchecked Sendable`: `stream` is set once, on the loop, before anybody else has the endpoint, and used on the loop only; so
/// are the other variables.
final class Endpoint: StreamHandler, @unchecked Sendable {
    enum Event: Equatable, Sendable {
        case received([UInt8])
        case drained
        case ended
        case closed(SystemError?)
    }

    let loop: EventLoop
    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private(set) var stream: Stream?
    /// Called on the loop before the event can be awaited.
    private let reaction: ((Stream, Event) -> Void)?

    private init(_ loop: EventLoop, reaction: ((Stream, Event) -> Void)?) {
        self.loop = loop
        self.reaction = reaction
        (events, continuation) = AsyncStream.makeStream()
    }

    /// On the loop.
    static func open(
        _ descriptor: consuming OwnedDescriptor, on loop: EventLoop, filter: (any StreamFilter)? = nil,
        reaction: ((Stream, Event) -> Void)? = nil
    ) throws -> Endpoint {
        let endpoint = Endpoint(loop, reaction: reaction)
        endpoint.stream = try Stream(descriptor, on: loop, filter: filter, handler: endpoint)
        return endpoint
    }

    private func tell(_ event: Event) {
        if let stream { reaction?(stream, event) }
        continuation.yield(event)
        if case .closed = event {
            continuation.finish()
            stream = nil
        }
    }

    func streamDidReceive(_ received: ReceivedBytes) { tell(.received([UInt8](received.bytes))) }
    func streamDidDrain() { tell(.drained) }
    func streamDidEnd() { tell(.ended) }
    func streamDidClose(_ error: SystemError?) { tell(.closed(error)) }

    /// Runs `body` on the loop with the stream; nil when that is closed.
    @discardableResult
    func with<Result: Sendable>(_ body: @escaping @Sendable (Stream) -> Result) async -> Result? {
        await loop.perform { self.stream.map(body) }
    }

    @discardableResult
    func write(_ bytes: [UInt8]) async -> Bool {
        await with { stream in stream.write { $0.append(bytes) } } ?? false
    }

    /// All octets up to the end of the stream or its closing, and the event that was the last.
    func readToEnd() async -> (bytes: [UInt8], last: Event?) {
        var bytes: [UInt8] = []
        for await event in events {
            switch event {
            case .received(let more): bytes += more
            case .drained: continue
            case .ended, .closed: return (bytes, event)
            }
        }
        return (bytes, nil)
    }

    /// The next `count` octets, or fewer when the stream ends.
    func read(_ count: Int) async -> [UInt8] {
        var bytes: [UInt8] = []
        for await event in events {
            switch event {
            case .received(let more): bytes += more
            case .drained: continue
            case .ended, .closed: return bytes
            }
            if bytes.count >= count { break }
        }
        return bytes
    }

    /// Waits for `event`, past others.
    func awaits(_ event: Event) async -> Bool {
        for await next in events where next == event { return true }
        return false
    }

    /// Waits for the last event: how the stream closed.
    func closing() async -> Event? {
        var last: Event?
        for await event in events { last = event }
        return last
    }
}

extension EventLoop {
    /// Runs `body` on the loop and waits for its result.
    func perform<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            execute { continuation.resume(returning: body()) }
        }
    }

    func performing<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await perform { Swift.Result { try body() } }.get()
    }

    /// Waits until the loop has polled at least `count` times.
    func turns(_ count: Int = 3) async {
        // Each call is added from outside, so each needs a wake-up of its own.
        for _ in 0..<count { await perform {} }
    }

    /// Something that tells whether the loop's thread is idle.
    func idleness() async throws -> Idleness { try Idleness(of: await perform { currentThread() }) }
}

/// Runs `body` with a loop of its own, and ends that.
func withLoop<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
    let loop = try EventLoop(name: "test")
    try loop.start()
    defer {
        loop.stop()
        loop.join()
    }
    return try await body(loop)
}
