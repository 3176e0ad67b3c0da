import CSystem
import Glibc

/// Signals as events of a loop (signalfd(2)).
package final class SignalSource: ReadinessHandler {
    private let loop: EventLoop
    private let descriptor: CInt
    private let handler: (CInt) -> Void
    private var isClosed = false

    /// Keeps `signals` from ending the process and makes writing to a closed socket an error (SIGPIPE). Call before
    /// any other thread is started: threads inherit the mask.
    package static func block(_ signals: [CInt]) {
        var set = Self.set(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `handler` on the loop for each of `signals`, which must be blocked. On the loop only.
    package init(_ signals: [CInt], on loop: EventLoop, _ handler: @escaping (CInt) -> Void) throws(SystemError) {
        self.loop = loop
        self.handler = handler
        var set = Self.set(signals)
        let owned = OwnedDescriptor(
            try system("signalfd") { signalfd(-1, &set, CInt(SFD_NONBLOCK | SFD_CLOEXEC)) })
        descriptor = owned.number
        try loop.register(descriptor, .readable, self)
        _ = owned.take()
    }

    private static func set(_ signals: [CInt]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }

    package func ready(_: Readiness) {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while !isClosed, read(descriptor, &info, size) == size {
            handler(CInt(bitPattern: info.ssi_signo))
        }
    }

    package func loopDidStop() { close() }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        loop.deregister(descriptor)
        _ = Glibc.close(descriptor)
    }
}
