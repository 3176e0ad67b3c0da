import Bytes
import EventLoop
import HTTPWire

extension Connection {
    private func isPast(_ deadline: UInt32) -> Bool { Int32(bitPattern: context.tick &- deadline) >= 0 }

    /// Lets the phase last for so many sweeps from now.
    func setDeadline(_ sweeps: UInt32) {
        since = context.tick
        deadline = context.tick &+ sweeps
    }

    /// Called at regular times for every connection.
    func sweep() {
        // One that took the place of another may be met twice.
        guard let stream, sweptAt != context.tick else { return }
        sweptAt = context.tick
        let waiting = stream.pendingOutput
        context.noteOutput(waiting)
        progress.look(waiting: waiting)
        if waiting > 0, isTooSlow(waiting) { return stream.close() }
        switch phase {
        case .head:
            guard isPast(deadline), waiting == 0 else { return }
            if scanner.hasStarted {
                refuse(HTTPError(.requestTimeout, "the head of the request took too long"))
            } else {
                closeIfIdle()
            }
        case .body:
            if isPast(deadline) { checkBodyRate() }
        case .lingering:
            if waiting > 0 {
                deadline = context.tick &+ context.lingerTicks
            } else if isPast(deadline) {
                stream.close()
            }
        case .streaming:
            sweepEventStream()
        case .responding, .sending, .closed:
            break
        }
    }

    /// Whether the client takes too little of what waits for it.
    private func isTooSlow(_ waiting: Int) -> Bool {
        let rate = Double(context.configuration.minimumOutputRate) / context.ticks.perSecond
        if progress.stalledSweeps >= context.ticks.write { return true }
        if progress.isSlow(after: context.ticks.write, rate: rate) { return true }
        // Those who hold much of the memory make room.
        return context.isOutputTight && waiting > Connection.modestOutput && progress.isSlow(after: 2, rate: rate)
    }

    /// After the body's grace a client must have sent at the minimum rate, counted from the end of the head.
    private func checkBodyRate() {
        guard let request else { return }
        let elapsed = Double(context.tick &- since) / context.ticks.perSecond
        if Double(request.body.count) < elapsed * Double(context.configuration.minimumBodyRate) {
            refuse(HTTPError(.requestTimeout, "the body of the request took too long"))
        }
    }

    // MARK: - Ending those that wait

    private var isIdle: Bool { phase == .head && input.isEmpty && !scanner.hasStarted }

    /// Ends a connection on which no request is under way. A request that has arrived meanwhile is answered.
    func closeIfIdle() {
        guard isIdle else { return }
        stream?.receiveNow()
        if isIdle { linger() }
    }

    /// For how many sweeps it has waited for its client; nil if it does not, or not for long.
    var waitedSweeps: UInt32? {
        let waited: UInt32
        switch phase {
        case .head where (stream?.pendingOutput ?? 0) > 0: waited = progress.sweeps
        case .head, .body, .lingering: waited = context.tick &- since
        case .responding, .sending, .streaming, .closed: return nil
        }
        // A client that has just come is about to say what it wants.
        return waited >= 2 ? waited : nil
    }

    /// Ends now what waits for its client, since others need the place. A request that has arrived is answered.
    func makeRoom() {
        if isIdle { stream?.receiveNow() }
        guard waitedSweeps != nil else { return }
        context.statistics.connectionWasEvicted()
        if phase == .body || phase == .head && !isIdle {
            refuse(HTTPError(.serviceUnavailable, "too many connections; try again soon"))
            stream?.flush()
        }
        stream?.close()
    }
}
