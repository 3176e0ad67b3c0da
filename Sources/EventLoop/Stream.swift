import Bytes
import CSystem
import Glibc

/// Who is told what happens on a `Stream`. Every call comes on the loop's thread; an actor that lives on the loop
/// implements them `nonisolated` and goes on with `assumeIsolated`.
package protocol StreamHandler: AnyObject {
    /// Octets arrived. They are valid during the call only; all of them count as taken.
    nonisolated func streamDidReceive(_ received: ReceivedBytes)
    /// Whether `streamWillFlush` is wanted; asked once.
    nonisolated var wantsFlushes: Bool { get }
    /// The loop's turn ends, and `callBeforeFlush` or a write asked for a flush: the last chance to add to it.
    nonisolated func streamWillFlush()
    /// The output had risen above the low-water mark, or was blocked or refused, and has fallen to the mark.
    nonisolated func streamDidDrain()
    /// The peer sends no more; writing still works.
    nonisolated func streamDidEnd()
    /// The stream is closed: by an error, or nil after `close` or `closeAfterFlush`, or when both ends have sent their
    /// end. The last call.
    nonisolated func streamDidClose(_ error: SystemError?)
}

extension StreamHandler {
    package nonisolated var wantsFlushes: Bool { false }
    package nonisolated func streamWillFlush() {}
}

/// A connected non-blocking stream socket on an event loop, used on the loop's thread only.
///
/// Output gathers in a buffer and leaves in one system call at the end of the loop's turn. The queue is bounded:
/// `write` refuses once `outputLimit` octets wait. An idle stream owns no buffer.
package final class Stream: ReadinessHandler {
    package let loop: EventLoop
    let descriptor: CInt
    var handler: (any StreamHandler)?
    // The run-time check for overlapping access is an eighth of the cost of a small write. It is not needed: the stream
    // lives on one thread, flags are read and set at once, and `write` refuses to be entered while `body` has the output.
    @exclusivity(unchecked) var output = OutputQueue()
    /// nil where the octets go as they are.
    var filtered: FilteredOutput?
    private var interest: Readiness = .readable
    private let tellsFlushes: Bool
    private var isReadPaused = false
    var isEnded = false
    @exclusivity(unchecked) private var isLent = false
    @exclusivity(unchecked) private var isFlushScheduled = false
    @exclusivity(unchecked) var isBlocked = false
    @exclusivity(unchecked) private var isDrainDue = false
    /// Octets that waited in the output's buffer, at most: the last time that there were any, and this time.
    @exclusivity(unchecked) private var usual = 0
    @exclusivity(unchecked) private var most = 0
    @exclusivity(unchecked) var isFinishing = false
    @exclusivity(unchecked) var isOutputShut = false

    @exclusivity(unchecked) package private(set) var isClosed = false
    /// `write` refuses while more octets than this wait.
    package var outputLimit = 16 * 1024 * 1024
    /// `streamDidDrain` comes when no more octets than this wait.
    package var lowWaterMark = 64 * 1024

    /// Takes over a connected, non-blocking socket. On the loop only.
    package init(
        _ descriptor: consuming OwnedDescriptor, on loop: EventLoop, filter: (any StreamFilter)? = nil,
        handler: any StreamHandler
    ) throws(SystemError) {
        self.loop = loop
        self.handler = handler
        tellsFlushes = handler.wantsFlushes
        let number = descriptor.number
        self.descriptor = number
        var one: CInt = 1
        _ = setsockopt(number, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        try loop.register(number, .readable, self)
        _ = descriptor.take()
        if let filter { try start(filter) }
    }

    /// Octets that wait to be sent.
    package var pendingOutput: Int { output.count + (filtered?.wire.count ?? 0) }

    /// Octets that the peer has not acknowledged while the socket takes no more; nil while it does (SIOCOUTQ, tcp(7)).
    package var stalledOutput: Int? {
        guard isBlocked, !isClosed else { return nil }
        var octets: CInt = 0
        return ioctl(descriptor, UInt(TIOCOUTQ), &octets) == 0 ? Int(octets) : nil
    }

    // MARK: - Output

    /// Lets `body` append octets. Nothing is appended when the output limit is reached or the stream is closing.
    /// - Returns: whether `body` ran.
    @discardableResult
    package func write(_ body: (inout ByteBuffer) -> Void) -> Bool {
        guard mayWrite() else { return false }
        precondition(!isLent, "a write inside of a write")
        isLent = true
        defer { isLent = false }
        if output.hasShared {
            // The order of the octets wants these behind the shared ones.
            var copy = ByteBuffer()
            body(&copy)
            output.append(SharedBytes(copy.array))
        } else {
            if output.buffer.capacity == 0 { output.buffer = loop.takeBuffer(for: usual) }
            body(&output.buffer)
        }
        scheduleFlush()
        return true
    }

    /// Queues octets that other streams queue too; they are not copied.
    /// - Returns: false when the output limit is reached or the stream is closing.
    @discardableResult
    package func write(shared bytes: SharedBytes) -> Bool {
        guard mayWrite() else { return false }
        output.append(bytes)
        scheduleFlush()
        return true
    }

    private func mayWrite() -> Bool {
        if isClosed || isFinishing || isOutputShut { return false }
        if pendingOutput < outputLimit { return true }
        isDrainDue = true
        return false
    }

    func scheduleFlush() {
        if pendingOutput > lowWaterMark { isDrainDue = true }
        guard !isFlushScheduled, !isBlocked else { return }
        isFlushScheduled = true
        loop.flushAtEndOfTurn(self)
    }

    /// Sends what waits, now. The loop does it at the end of the turn, and only then tells an error.
    package func flush() {
        guard !isClosed, !isBlocked else { return }
        try? sendAll()
    }

    /// Asks for `streamWillFlush` at the end of this turn.
    package func callBeforeFlush() {
        guard !isFlushScheduled, !isClosed else { return }
        isFlushScheduled = true
        loop.flushAtEndOfTurn(self)
    }

    func turnDidEnd() {
        if tellsFlushes { handler?.streamWillFlush() }
        isFlushScheduled = false
        send()
        if isDrainDue, !isBlocked { tellDrained() }
    }

    private func send() {
        guard !isClosed, !isBlocked else { return }
        most = max(most, output.buffer.count)
        do {
            try sendAll()
        } catch {
            return close(error)
        }
        if pendingOutput == 0 { outputIsEmpty() }
    }

    private func sendAll() throws(SystemError) {
        if filtered != nil { return try sendFiltered() }
        while !output.isEmpty {
            if case .wouldBlock = try output.send(descriptor) {
                isBlocked = true
                return updateInterest()
            }
        }
    }

    private func outputIsEmpty() {
        if output.buffer.capacity > 0 {
            var empty = ByteBuffer()
            swap(&empty, &output.buffer)
            loop.giveBack(empty)
            (usual, most) = (most, 0)
        }
        if filtered != nil, !filteredOutputIsEmpty() { return }
        if isFinishing { return close(nil) }
        if isOutputShut { _ = shutdown(descriptor, CInt(SHUT_WR)) }
    }

    private func writable() {
        isBlocked = false
        isDrainDue = true
        send()
        updateInterest()
        tellDrained()
    }

    private func tellDrained() {
        guard isDrainDue, !isClosed, pendingOutput <= max(0, lowWaterMark) else { return }
        isDrainDue = false
        handler?.streamDidDrain()
    }

    // MARK: - Input

    package func pauseReading() {
        isReadPaused = true
        updateInterest()
    }

    package func resumeReading() {
        isReadPaused = false
        updateInterest()
    }

    /// Takes what has arrived, which the loop has perhaps not looked at yet.
    package func receiveNow() {
        if !isClosed, interest.contains(.readable) { receive() }
    }

    package func ready(_ readiness: Readiness) {
        let hasFailed = !readiness.isDisjoint(with: .failed)
        // What the peer said comes first: it may tell why writing fails.
        if interest.contains(.readable) {
            if hasFailed || readiness.contains(.readable) { receive() }
        } else if hasFailed {
            failed()
        }
        if !isClosed, isBlocked, readiness.contains(.writable) { writable() }
    }

    package func loopDidStop() { close(SystemError("event loop", code: ECANCELED)) }

    /// The socket has an error, or both ends are shut, while nothing is read.
    private func failed() {
        if let error = pendingError() { return close(error) }
        // Reading is paused: what is unread, and the end, wait for `resumeReading`.
        guard isEnded else { return }
        close(isOutputShut ? nil : SystemError("recv", code: ECONNRESET))
    }

    private func pendingError() -> SystemError? {
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0, code != 0 else { return nil }
        return SystemError("recv", code: code)
    }

    /// Reads a few times at most, so that one busy peer does not hold up the others.
    private func receive() {
        for _ in 0..<4 {
            let scratch = loop.scratch
            do {
                switch try transfer("recv", { recv(descriptor, scratch.baseAddress, scratch.count, 0) }) {
                case .wouldBlock:
                    return
                case .octets(0):
                    if filtered != nil { try filtered?.filter.peerDidEnd() }
                    return end()
                case .octets(let count):
                    let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
                    if filtered == nil {
                        handler?.streamDidReceive(ReceivedBytes(bytes))
                    } else {
                        try receiveFiltered(bytes)
                    }
                    if isClosed || isReadPaused || isEnded || count < scratch.count { return }
                }
            } catch {
                return close(error)
            }
        }
    }

    /// The peer sends no more.
    func end() {
        isEnded = true
        updateInterest()
        handler?.streamDidEnd()
    }

    func updateInterest() {
        guard !isClosed else { return }
        var wanted: Readiness = []
        if !isReadPaused, !isEnded { wanted.insert(.readable) }
        if isBlocked { wanted.insert(.writable) }
        guard wanted != interest else { return }
        interest = wanted
        do {
            try loop.setInterest(descriptor, wanted)
        } catch {
            close(error)
        }
    }

    // MARK: - End

    /// Sends what waits, then the end of the stream (FIN); reading goes on.
    package func shutdownOutput() {
        guard !isClosed, !isOutputShut else { return }
        isOutputShut = true
        // Unless a flush is due, which does it.
        if pendingOutput == 0, !isFlushScheduled { outputIsEmpty() }
    }

    /// Sends what waits, then closes.
    package func closeAfterFlush() {
        guard !isClosed else { return }
        isFinishing = true
        if pendingOutput == 0 { outputIsEmpty() }
    }

    /// Closes at once; what waits is dropped. `streamDidClose` comes before it returns.
    package func close() { close(nil) }

    func close(_ error: SystemError?) {
        guard !isClosed else { return }
        isClosed = true
        if filtered != nil { sayLast(isOrderly: error == nil) }
        loop.deregister(descriptor)
        _ = Glibc.close(descriptor)
        output.clear()
        filtered = nil
        let handler = self.handler
        self.handler = nil
        handler?.streamDidClose(error)
    }
}
