import EventLoop
import Glibc
import Synchronization
import Synchronized

/// The end of a service: by a signal, or by an error that it cannot go on with. It ends in order: what accepts work first,
/// what finishes it next, what stores it last.
package final class Lifecycle: Sendable {
    package typealias Step = (name: String, run: @Sendable () async -> Void)

    /// A service is gone this long after SIGTERM, also when a step hangs.
    package static let grace = Duration.milliseconds(4800)

    /// The signals that end a service. They must be blocked (`SignalSource.block`) before any thread starts.
    package static let signals = [SIGTERM, SIGINT]

    private let end = Once<Void>()
    /// Before the service serves there is nothing to end in order.
    private let isServing = Atomic<Bool>(false)

    /// Listens for signals on `loop` from now on. One that comes before `run` ends the process at once, with exit code 0:
    /// nothing was accepted yet, and what was begun (a migration) rolls back by itself.
    package init(on loop: EventLoop, log: Logger) {
        loop.execute { [end] in
            do {
                _ = try SignalSource(Self.signals, on: loop) { [weak self] signal in
                    guard let self, isServing.load(ordering: .sequentiallyConsistent) else {
                        log.info("ended before it was ready", ["signal": .number(Int(signal))])
                        log.close()
                        _exit(0)
                    }
                    guard !end.isFinished else { _exit(128 + signal) }
                    log.info("ending", ["signal": .number(Int(signal))])
                    end.finish(.success(()))
                }
            } catch {
                end.finish(.failure(error))
            }
        }
    }

    /// Ends the service because of `error`: `run` throws it after its steps.
    package func fail(_ error: any Error) { end.finish(.failure(error)) }

    /// Waits for a signal or for `fail`, then runs the steps one after the other.
    ///
    /// A second signal ends the process at once (128 + its number), and so does the end of the grace time (exit code 1).
    package func run(on loop: EventLoop, log: Logger, steps: [Step]) async throws {
        isServing.store(true, ordering: .sequentiallyConsistent)
        var failure: (any Error)?
        do {
            try await withCheckedThrowingContinuation { end.wait($0) }
        } catch {
            failure = error
        }
        loop.execute {
            loop.schedule(after: Self.grace) {
                log.error("the grace time is over; ending with work unfinished")
                log.close()
                _exit(1)
            }
        }
        for step in steps {
            let start = ContinuousClock.now
            await step.run()
            let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
            log.debug("ended \(step.name)", ["milliseconds": .number(milliseconds)])
        }
        log.info("ended")
        if let failure { throw failure }
    }
}
