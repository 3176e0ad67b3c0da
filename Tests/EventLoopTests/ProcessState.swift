import EventLoop
import Glibc

private func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names
}

private func linkTarget(_ path: String) -> String {
    var link = [UInt8](repeating: 0, count: 64)
    let count = link.withUnsafeMutableBytes {
        readlink(path, $0.bindMemory(to: CChar.self).baseAddress.unsafelyUnwrapped, $0.count)
    }
    return String(decoding: link.prefix(max(0, count)), as: UTF8.self)
}

/// Sockets of this process.
func openSockets() -> Int {
    names(in: "/proc/self/fd").count { linkTarget("/proc/self/fd/\($0)").hasPrefix("socket:") }
}

/// All descriptors of this process. The runtime opens some of its own when it likes, so that a few more mean nothing.
func openDescriptors() -> Int { names(in: "/proc/self/fd").count }

/// Makes the runtime open what its timers need: without a descriptor for that it would trap later.
func settleRuntime() async throws {
    try await Task.sleep(for: .milliseconds(1))
}

/// Threads of this process.
func threadCount() -> Int { names(in: "/proc/self/task").count }

/// The calling thread's folder below /proc.
func currentThread() -> String { linkTarget("/proc/thread-self") }

/// Watches one thread. Watching takes no further descriptors (the runtime's own timers may, and trap without).
final class Idleness: Sendable {
    private let file: CInt
    private let clock: EventLoop

    init(of thread: String) throws {
        file = open("/proc/\(thread)/stat", O_RDONLY | O_CLOEXEC)
        clock = try EventLoop(name: "clock")
        try clock.start()
    }

    deinit {
        close(file)
        clock.stop()
        clock.join()
    }

    /// Whether the thread sleeps now and then for a while, as a loop does when nothing happens. (One that is busy is
    /// runnable, also when the machine has no processor for it.)
    func isIdle() async throws -> Bool {
        var asleep = 0
        for _ in 0..<20 {
            try await clock.sleep(for: .milliseconds(1))
            if state == "S" { asleep += 1 }
        }
        return asleep > 5
    }

    /// R when it runs or could run, S when it sleeps (proc(5)).
    private var state: Character? {
        var text = [UInt8](repeating: 0, count: 128)
        let count = pread(file, &text, text.count, 0)
        // The state follows the name, which is in parentheses.
        guard let end = text.prefix(max(0, count)).lastIndex(of: UInt8(ascii: ")")), end + 2 < count else { return nil }
        return Character(UnicodeScalar(text[end + 2]))
    }
}
