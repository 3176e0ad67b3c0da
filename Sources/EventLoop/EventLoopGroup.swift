import Synchronization

/// The loops of a process. Connections are handed to them in turn.
package final class EventLoopGroup: Sendable {
    package let loops: [EventLoop]
    private let turn = Atomic<Int>(0)

    /// Starts `count` loops (at least one).
    package init(count: Int, name: String = "loop") throws(SystemError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count) {
            let loop = try EventLoop(name: "\(name)-\(index)")
            try loop.start()
            loops.append(loop)
        }
        self.loops = loops
    }

    package var first: EventLoop { loops[0] }

    package func next() -> EventLoop {
        loops[turn.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }

    /// Ends the loops after the turn that each is in, and waits for their threads. Not from a loop.
    package func stop() {
        for loop in loops { loop.stop() }
        for loop in loops { loop.join() }
    }
}
