import Bytes
import EventLoop
import Glibc

/// One connection, seen from the broker. On the loop's thread only.
final class BrokerLink: StreamHandler {
    private weak var run: ClientRun?
    private let descriptor: CInt
    private(set) var stream: Stream?
    var broker: FuzzedBroker
    /// What is still to be sent, and in pieces of how many octets; 0: in one.
    private var waiting: ArraySlice<UInt8> = []
    private var piece = 0

    init(_ descriptor: consuming OwnedDescriptor, _ broker: consuming FuzzedBroker, _ run: ClientRun)
        throws(SystemError)
    {
        self.run = run
        self.broker = broker
        self.descriptor = descriptor.number
        stream = try Stream(descriptor, on: run.loop, handler: self)
    }

    var isClosed: Bool { stream == nil }
    var isSending: Bool { !waiting.isEmpty }

    nonisolated func streamDidReceive(_ received: ReceivedBytes) {
        broker.receive(received.bytes)
        run?.assumeIsolated { $0.clientSpoke() }
    }

    nonisolated func streamDidDrain() {}
    nonisolated func streamDidEnd() { close() }
    nonisolated func streamDidClose(_ error: SystemError?) { stream = nil }

    func send(_ octets: [UInt8]) { waiting += octets }

    /// The next piece leaves.
    func sendPiece() {
        guard !waiting.isEmpty else { return }
        // Few turns also for long messages.
        let count = piece == 0 ? waiting.count : max(piece, waiting.count / 32)
        let octets = waiting.prefix(count)
        waiting = waiting.dropFirst(count)
        stream?.write { $0.append(octets) }
    }

    func apply(_ effect: BrokerEffect) {
        switch effect {
        case .none: break
        case .end: stream?.shutdownOutput()
        case .reset: close()
        case .pause: stream?.pauseReading()
        case .resume: stream?.resumeReading()
        case .pieces(let size): piece = size
        }
    }

    /// Ends with RST, so that the kernel keeps no trace of thousands of connections (TIME_WAIT).
    func close() {
        guard let stream else { return }
        var now = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        stream.close()
    }
}
