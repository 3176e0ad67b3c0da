/// How a client takes what waits for it, looked at once a sweep. No I/O.
struct OutputProgress {
    /// Octets that were queued since the last look.
    var queued = 0
    /// Octets that waited at the last look.
    private var left = 0
    /// Octets that the client took since some began to wait.
    private var taken = 0
    /// Looks since some began to wait.
    private(set) var sweeps: UInt32 = 0
    /// Looks since the client last took some.
    private(set) var stalledSweeps: UInt32 = 0

    mutating func look(waiting: Int) {
        guard waiting > 0 else {
            self = OutputProgress()
            return
        }
        if left > 0 {
            let took = max(0, left + queued - waiting)
            taken += took
            sweeps &+= 1
            stalledSweeps = took > 0 ? 0 : stalledSweeps &+ 1
        }
        left = waiting
        queued = 0
    }

    /// Whether output has waited for at least so many sweeps and less was taken than `rate` octets a sweep.
    func isSlow(after least: UInt32, rate: Double) -> Bool { sweeps >= least && Double(taken) < Double(sweeps) * rate }
}
