import Testing

@testable import HTTP

@Suite("How a client takes its output")
struct OutputProgressTests {
    /// What is queued between two looks, and what waits at the second.
    typealias Step = (queued: Int, waiting: Int)

    private func progress(_ steps: [Step]) -> OutputProgress {
        var progress = OutputProgress()
        for step in steps {
            progress.queued += step.queued
            progress.look(waiting: step.waiting)
        }
        return progress
    }

    @Test("a client that takes nothing stalls, whatever is queued meanwhile")
    func stalled() {
        #expect(progress([(500, 500)]).stalledSweeps == 0)
        #expect(progress([(500, 500), (0, 500)]).stalledSweeps == 1)
        #expect(progress([(500, 500), (100, 600), (1, 601)]).stalledSweeps == 2)
    }

    @Test("what it takes is progress, also when more waits than before")
    func progress() {
        #expect(progress([(500, 500), (0, 500), (100, 599)]).stalledSweeps == 0)
        #expect(progress([(500, 500), (0, 499), (0, 499)]).stalledSweeps == 1)
    }

    @Test("slow is who takes less than the rate on average since something began to wait")
    func slow() {
        let trickle = progress([(1000, 1000)] + (1...10).map { (0, 1000 - 9 * $0) })
        #expect(trickle.isSlow(after: 10, rate: 10))
        #expect(!trickle.isSlow(after: 10, rate: 9))
        #expect(!trickle.isSlow(after: 11, rate: 10))
        #expect(!progress([(1000, 1000), (0, 900)] + [Step](repeating: (0, 900), count: 9)).isSlow(after: 2, rate: 10))
    }

    @Test("once all has left it begins anew")
    func anew() {
        let steps: [Step] = [(500, 500), (0, 500), (0, 0), (500, 500)]
        #expect(progress(steps).sweeps == 0)
        #expect(progress(steps).stalledSweeps == 0)
        #expect(progress(steps + [(0, 500)]).sweeps == 1)
    }
}
