import Bytes

// What a stream does differently when a filter stands between its user and its socket.

extension Stream {
    func start(_ filter: any StreamFilter) throws(SystemError) {
        let filtered = FilteredOutput(filter)
        do {
            try filter.start(&filtered.wire)
        } catch {
            // Nobody is told: the caller gets the error instead of a stream.
            handler = nil
            close(error)
            throw error
        }
        let hasOutput = !filtered.wire.isEmpty
        self.filtered = filtered
        if hasOutput { scheduleFlush() }
    }

    /// As `sendAll`, with what the filter makes of the output.
    func sendFiltered() throws(SystemError) {
        while true {
            if let capacity = filtered?.wire.capacity, capacity == 0 {
                var buffer = loop.takeBuffer(for: output.count)
                filtered?.swapWire(&buffer)
            }
            try filtered?.encode(&output)
            // Nothing waits, or what waits has to wait for the peer.
            if filtered?.wire.isEmpty ?? true { return }
            if case .wouldBlock = try filtered?.wire.send(descriptor) {
                isBlocked = true
                return updateInterest()
            }
        }
    }

    func receiveFiltered(_ octets: UnsafeRawBufferPointer) throws(SystemError) {
        var plain = loop.takeBuffer(for: octets.count)
        var failure: SystemError?
        do {
            try filtered?.receive(octets, plain: &plain)
        } catch {
            failure = error
        }
        if !plain.isEmpty { plain.withBytes { handler?.streamDidReceive(ReceivedBytes($0)) } }
        loop.giveBack(plain)
        if isClosed { return }
        if let failure { throw failure }
        // An answer of the filter's, or its being established now, lets something go.
        if pendingOutput > 0 || isGoodbyeDue { scheduleFlush() }
        if filtered?.filter.hasEnded == true { end() }
    }

    private var isGoodbyeDue: Bool { (isFinishing || isOutputShut) && filtered?.isFinished == false }

    /// False while the filter's goodbye has to be sent first.
    func filteredOutputIsEmpty() -> Bool {
        if let capacity = filtered?.wire.capacity, capacity > 0 {
            var empty = ByteBuffer()
            filtered?.swapWire(&empty)
            loop.giveBack(empty)
        }
        guard isGoodbyeDue else { return true }
        // Nothing was ever written: closing needs no handshake.
        if filtered?.filter.isEstablished == false { return isFinishing }
        guard filtered?.finish() == true else { return true }
        scheduleFlush()
        return false
    }

    /// The last octets before the socket is closed, if it takes them: what an error has to say to the peer, or a goodbye
    /// unless something that was written is dropped.
    func sayLast(isOrderly: Bool) {
        guard !isBlocked else { return }
        if isOrderly {
            guard pendingOutput == 0, filtered?.filter.isEstablished == true, filtered?.finish() == true else {
                return
            }
        }
        filtered?.sendLast(descriptor)
    }
}
