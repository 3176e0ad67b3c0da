import Synchronization

/// The loops of a process. Connections are handed to them in turn.
package final class EventLoopGroup: Sendable {
    package let loops: [EventLoop]
    private let turn = Atomic<UInt>(0)

    /// Starts `count` loops (at least one).
    /// - Throws: `SystemError` when the process is out of descriptors or threads; no loop is left running then.
    package init(count: Int, name: String = "loop") throws(SystemError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count) {
            do {
                let loop = try EventLoop(name: "\(name)-\(index)")
                try loop.start()
                loops.append(loop)
            } catch {
                Self.stop(loops)
                throw error
            }
        }
        self.loops = loops
    }

    package var first: EventLoop { loops[0] }

    package func next() -> EventLoop {
        loops[Int(turn.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(loops.count))]
    }

    /// Ends the loops as `EventLoop.stop` does, and waits for their threads. Not from a loop.
    package func stop() { Self.stop(loops) }

    private static func stop(_ loops: [EventLoop]) {
        for loop in loops { loop.stop() }
        for loop in loops { loop.join() }
    }
}
