import CSystem
import Glibc

/// Nanoseconds of a clock that never goes back, the same in every process of the machine.
package func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
}

func systemMessage(_ number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress, strerror_r(number, base, buffer.count) == 0 else {
            return "error \(number)"
        }
        return String(cString: base)
    }
}

/// The name that tools show for the calling thread; the kernel keeps 15 octets of it.
func setThreadName(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
    _ = name.withUTF8 { write(descriptor, $0.baseAddress, $0.count) }
}
