import EventLoop
import Glibc

/// Ends a service in order: what accepts work first, what finishes it next, what stores it last.
package struct Lifecycle: Sendable {
    package typealias Step = (name: String, run: @Sendable () async -> Void)

    /// A service is gone this long after SIGTERM, also when a step hangs.
    package static let grace = Duration.seconds(5)

    /// The signals that end a service. They must be blocked (`SignalSource.block`) before any thread starts.
    package static let signals = [SIGTERM, SIGINT]

    /// Waits for a signal on `loop`, then runs the steps one after the other.
    ///
    /// A second signal ends the process at once (128 + its number), and so does the end of the grace time (exit code 1).
    package static func runUntilSignal(on loop: EventLoop, log: Logger, steps: [Step]) async {
        let signalled = Once<Void>()
        loop.execute {
            do {
                _ = try SignalSource(signals, on: loop) { signal in
                    guard !signalled.isFinished else { _exit(128 + signal) }
                    log.info("ending", ["signal": .number(Int(signal))])
                    signalled.finish(.success(()))
                }
            } catch {
                signalled.finish(.failure(error))
            }
        }
        do {
            try await withCheckedThrowingContinuation { signalled.wait($0) }
        } catch {
            log.error("cannot wait for signals", ["error": LogValue("\(error)")])
        }
        loop.execute {
            loop.schedule(after: grace) {
                log.error("the grace time is over; ending with work unfinished")
                log.close()
                _exit(1)
            }
        }
        for step in steps {
            let start = ContinuousClock.now
            await step.run()
            log.debug(
                "ended \(step.name)", ["milliseconds": .number(Int((ContinuousClock.now - start) / .milliseconds(1)))])
        }
        log.info("ended")
    }
}
