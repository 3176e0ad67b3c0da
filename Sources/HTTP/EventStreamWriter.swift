import Bytes
import EventLoop
import Synchronized

/// The server's end of one event stream. Two writers are equal if they are the same stream.
///
/// Used on its loop only (`writer.loop.execute { … }` from elsewhere); `loop` and comparison work everywhere.
package struct EventStreamWriter: Sendable, Hashable {
    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    /// Where the stream lives. Send to many streams of one loop in one `execute`.
    package var loop: EventLoop { connection.context.loop }

    package static func == (one: EventStreamWriter, other: EventStreamWriter) -> Bool {
        one.connection === other.connection
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(connection)) }

    /// Queues whole events as octets, which are not copied and may be shared with any number of streams.
    /// - Returns: false if the stream is closed, or was cut off just now because its queue is full.
    @discardableResult
    package func send(_ bytes: SharedBytes) -> Bool {
        connection.assumeIsolated { $0.sendEvent(bytes) }
    }

    /// Octets that wait to be sent.
    package var pendingCount: Int { connection.assumeIsolated { $0.stream?.pendingOutput ?? 0 } }

    package var isClosed: Bool { connection.assumeIsolated { $0.phase != .streaming } }

    /// Sends what waits, then ends the stream; the client will come back.
    package func close() { connection.assumeIsolated { $0.endEventStream() } }

    /// `body` is called once on the loop when the stream has ended, for whatever reason; at once if it has already.
    package func onClose(_ body: @escaping @Sendable () -> Void) {
        connection.assumeIsolated { connection in
            if let state = connection.eventStream { state.onClose(body) } else { body() }
        }
    }

    /// `body` is called once on the loop when little waits to be sent any more, or the stream has ended; at once if
    /// that is so already. For replays that send page after page.
    package func whenDrained(_ body: @escaping @Sendable () -> Void) {
        connection.assumeIsolated { connection in
            guard let state = connection.eventStream, let stream = connection.stream else { return body() }
            if stream.pendingOutput > stream.lowWaterMark { stream.flush() }
            if stream.isClosed || stream.pendingOutput <= stream.lowWaterMark { return body() }
            state.onDrain.append(body)
        }
    }

    /// As `whenDrained`, for tasks on the loop.
    package func drained() async {
        await withCheckedContinuation { continuation in whenDrained { continuation.resume() } }
    }
}

/// What an event stream needs beside its connection. Used on the loop only.
final class EventStreamState {
    /// The sweep at which the stream's life ends, and that of its next heartbeat.
    let deadline: UInt32
    var nextHeartbeat: UInt32
    private var onClose: (@Sendable () -> Void)?
    var onDrain: [@Sendable () -> Void] = []

    init(deadline: UInt32, nextHeartbeat: UInt32) {
        self.deadline = deadline
        self.nextHeartbeat = nextHeartbeat
    }

    /// Mostly there is one body, and it takes no further memory.
    func onClose(_ body: @escaping @Sendable () -> Void) {
        guard let others = onClose else { return onClose = body }
        onClose = {
            others()
            body()
        }
    }

    func didDrain() {
        let bodies = onDrain
        onDrain = []
        for body in bodies { body() }
    }

    func didClose() {
        didDrain()
        let body = onClose
        onClose = nil
        body?()
    }
}

extension Connection {
    func beginEventStream(_ start: @Sendable (EventStreamWriter) -> Void) {
        guard let stream else { return }
        phase = .streaming
        input.release()
        updateAccount()
        stream.outputLimit = context.configuration.eventStreams.queueLimit
        eventStream = EventStreamState(
            deadline: context.streamDeadline(), nextHeartbeat: context.firstHeartbeat())
        context.statistics.streamOpened()
        // A peer that vanished without a word is noticed by the heartbeats that it does not acknowledge.
        stream.setUserTimeout(context.configuration.writeTimeout)
        stream.setSendBuffer(context.configuration.eventStreams.sendBuffer)
        if isReadingPaused {
            isReadingPaused = false
            stream.resumeReading()
        }
        start(EventStreamWriter(self))
        if context.isDraining { endEventStream() }
    }

    func sendEvent(_ bytes: SharedBytes) -> Bool {
        guard phase == .streaming, let stream else { return false }
        if queue(on: stream, { $0.write(shared: bytes) }) { return true }
        // A burst of one turn is not the reader's fault: what the socket takes now makes room.
        stream.flush()
        if !stream.isClosed, queue(on: stream, { $0.write(shared: bytes) }) { return true }
        context.statistics.streamWasCutOff()
        stream.close()
        return false
    }

    func endEventStream() {
        guard phase == .streaming else { return }
        let state = eventStream
        eventStream = nil
        context.statistics.streamClosed()
        linger()
        state?.didClose()
    }

    func sweepEventStream() {
        guard let state = eventStream else { return }
        if Int32(bitPattern: context.tick &- state.deadline) >= 0 { return endEventStream() }
        guard Int32(bitPattern: context.tick &- state.nextHeartbeat) >= 0 else { return }
        state.nextHeartbeat = context.tick &+ context.ticks.heartbeat
        if let bytes = context.makeHeartbeat() { _ = sendEvent(bytes) }
    }
}
