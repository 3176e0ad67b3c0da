import Bytes
import EventLoop
import HTTPWire

/// One accepted connection, an actor on its loop. Readiness enters it without a hop; an idle one holds no buffer, no
/// request and no task.
actor Connection: StreamHandler {
    enum Phase: UInt8 {
        /// Between requests, or with a part of a head in `input`.
        case head
        /// The head is parsed and its body is on the way.
        case body
        /// A handler's task runs.
        case responding
        /// A task writes the body of the response.
        case sending
        /// An event stream is open.
        case streaming
        /// The last reply is on its way; what still arrives is dropped.
        case lingering
        case closed
    }

    /// Octets behind a request in work that are kept before reading pauses.
    static let pipelineLimit = 64 * 1024

    let context: ServerLoop
    let peer: String
    var stream: Stream?
    var phase = Phase.head
    /// Octets that arrived and are not yet used: part of a head, or requests behind the one in work.
    var input = ByteBuffer()
    var scanner = HeadScanner()
    /// The request whose body is on the way, or whose task runs.
    var request: RequestStorage?
    var eventStream: EventStreamState?
    var body: BodyState?
    /// The place in the loop's list.
    var index = -1
    /// The sweep at which the phase has lasted too long.
    var deadline: UInt32 = 0
    /// The sweep at which the phase, or the wait for the next request, began.
    var since: UInt32 = 0
    /// The sweep that last looked at it.
    var sweptAt: UInt32 = 0
    var progress = OutputProgress()
    var lingered = 0
    /// Octets of this connection in the loop's `bufferedInput`.
    var accounted = 0
    var hasPeerEnded = false
    var isProcessing = false
    var isReadingPaused = false

    init(_ context: ServerLoop, peer: String) {
        self.context = context
        self.peer = peer
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { context.loop.asUnownedSerialExecutor() }

    /// Called once on the loop, before any readiness.
    nonisolated func assumeIsolatedStart(_ stream: Stream) {
        // The stream never leaves the loop's thread, on which both the caller and this actor live.
        nonisolated(unsafe) let stream = stream
        assumeIsolated { connection in
            connection.stream = stream
            connection.setDeadline(connection.context.ticks.head)
            connection.index = connection.context.add(connection)
            if connection.context.isDraining { connection.drain() }
        }
    }

    // MARK: - Stream events

    nonisolated func streamDidReceive(_ received: ReceivedBytes) {
        // A closure that captured them would cost two allocations a request.
        context.received = received
        assumeIsolated { $0.receive($0.context.received.bytes) }
    }

    nonisolated func streamDidDrain() {
        assumeIsolated { connection in
            if connection.phase == .streaming {
                connection.eventStream?.didDrain()
            } else if connection.phase == .sending {
                connection.body?.resume()
            } else if connection.phase == .head {
                connection.continueReading()
            }
        }
    }

    nonisolated func streamDidEnd() {
        assumeIsolated { connection in
            connection.hasPeerEnded = true
            // A request in work is answered: a client may shut its side and wait.
            if connection.phase != .responding, connection.phase != .sending { connection.stream?.closeAfterFlush() }
            if connection.phase == .streaming { connection.stream?.close() }
        }
    }

    nonisolated func streamDidClose(_: SystemError?) {
        assumeIsolated { $0.didClose() }
    }

    private func didClose() {
        let wasStreaming = phase == .streaming
        phase = .closed
        stream = nil
        input.release()
        // The task of a handler keeps its request itself.
        request = nil
        updateAccount()
        if wasStreaming {
            let state = eventStream
            eventStream = nil
            context.statistics.streamClosed()
            state?.didClose()
        }
        if let state = body {
            body = nil
            state.resume()
            state.task?.cancel()
        }
        context.remove(at: index)
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        switch phase {
        case .head, .body:
            if input.isEmpty {
                let used = process(bytes)
                if used < bytes.count, phase != .closed {
                    input.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
                }
            } else {
                input.append(bytes)
                processInput()
            }
            afterInput()
        case .responding, .sending:
            input.append(bytes)
            if input.count >= Connection.pipelineLimit { pauseReading() }
            afterInput()
        case .lingering:
            lingered += bytes.count
            if lingered > context.configuration.lingerLimit { stream?.close() }
        case .streaming, .closed:
            break
        }
    }

    /// Works on what waits in `input`.
    func processInput() {
        var waiting = ByteBuffer()
        swap(&waiting, &input)
        let used = waiting.withBytes { process($0) }
        waiting.consume(min(used, waiting.count))
        guard !waiting.isEmpty, phase != .closed, phase != .lingering, phase != .streaming else { return }
        swap(&waiting, &input)
    }

    /// Gives memory back, or takes it into account.
    func afterInput() {
        if input.isEmpty, input.capacity > 0 { input.release() }
        if accounted > 0 || input.capacity > 0 || request != nil { updateAccount() }
        // Those who hold much of it make room, not whoever comes next.
        if context.bufferedInput > context.bufferedInputLimit, accounted > Connection.modestInput,
            phase == .head || phase == .body
        {
            refuse(HTTPError(.serviceUnavailable, "too many unfinished requests; try again soon"))
        }
    }

    /// A request that holds no more than this is never refused for what others hold.
    static let modestInput = 16 * 1024

    func updateAccount() {
        let held = input.capacity + (request?.body.capacity ?? 0)
        context.bufferedInput += held - accounted
        accounted = held
    }

    func pauseReading() {
        guard !isReadingPaused else { return }
        isReadingPaused = true
        stream?.pauseReading()
    }

    /// Goes on with what waits after a reply left or output drained.
    func continueReading() {
        guard !isProcessing, phase == .head else { return }
        if !input.isEmpty {
            processInput()
            afterInput()
        }
        if isReadingPaused, phase == .head || phase == .body, !isOutputFull {
            isReadingPaused = false
            stream?.resumeReading()
        }
    }

    /// Replies to pipelined requests gather no further than this.
    var isOutputFull: Bool { (stream?.pendingOutput ?? 0) > (context.isOutputTight ? 0 : 256 * 1024) }

    /// A connection with no more than this waiting is never ended for what waits for others.
    static let modestOutput = 16 * 1024

    // MARK: - End

    /// Sends what waits and the end of the stream, then drops what still arrives: a reset, which unread octets would
    /// cause, could destroy the reply before the client has read it (RFC 9112 section 9.6).
    func linger() {
        guard phase != .closed, phase != .lingering else { return }
        phase = .lingering
        request = nil
        input.release()
        updateAccount()
        setDeadline(context.lingerTicks)
        if hasPeerEnded {
            stream?.closeAfterFlush()
        } else {
            stream?.shutdownOutput()
            if isReadingPaused {
                isReadingPaused = false
                stream?.resumeReading()
            }
        }
    }

    /// Ends at once, as does what waits to be sent.
    func abort() { stream?.close() }

    /// The server shuts down.
    func drain() {
        if phase == .streaming { endEventStream() }
    }

    /// At shutdown, for a connection whose last octets have left: the client had time to close its side.
    func closeIfLingering() {
        if phase == .lingering, stream?.pendingOutput == 0 { stream?.close() }
    }
}
