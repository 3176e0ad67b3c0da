import Foundation
import Glibc

/// What the test process itself uses, after `/proc/self`.
package enum ProcessFigures {
    /// Octets of memory that are resident now.
    package static func residentMemory() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { throw SupportError("statm: \(fields)") }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Descriptors that are open now. Tests that run at the same time open some too.
    package static func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
