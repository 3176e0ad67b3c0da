/// A named point of the program at which a test can make it die or fail, to see what the next start or the next attempt
/// makes of it.
///
/// The environment variable `FAILPOINTS` switches points on for the life of a process (see `FailpointPlan`). They exist in
/// debug builds only: in a release build `reach` is empty, its arguments are never evaluated, and a set `FAILPOINTS` is an
/// error at the start.
package enum Failpoint {
    /// Says that the program has come to the point `name`. A point that is switched on ends the process with SIGKILL, as a
    /// crash or a power cut does, or throws `FailpointError`.
    ///
    /// - Parameter tags: what a condition of the plan may ask for, for example the order that is in work.
    @inlinable
    @inline(__always)
    package static func reach(
        _ name: StaticString, _ tags: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) throws {
        #if FAILPOINTS
            guard !FailpointPlan.ofProcess.isEmpty else { return }
            try FailpointPlan.ofProcess.reach("\(name)", tags())
        #endif
    }

    /// What is wrong with a value of `FAILPOINTS`; nil if nothing is.
    package static func objection(to text: String) -> String? {
        #if FAILPOINTS
            do throws(FailpointPlan.Malformed) {
                _ = try FailpointPlan(text)
                return nil
            } catch {
                return error.description
            }
        #else
            return "only a debug build has failpoints; leave it unset"
        #endif
    }
}
