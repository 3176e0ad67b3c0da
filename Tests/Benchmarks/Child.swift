import EventLoop
import FoundationEssentials
import Glibc
import Synchronized

/// A process that a benchmark started. It is ended by its id, at the latest when this one ends.
final class Child: Sendable {
    let name: String
    let pid: pid_t
    /// What it writes to standard output, or -1.
    private let output: CInt
    /// Kept open: who reads from it learns of our end.
    private let input: CInt
    private let hasEnded = Lock(false)

    /// - Parameter log: where its output goes; nil keeps standard output for `readLine`.
    init(_ program: String, _ arguments: [String], environment: [String: String]? = nil, log: String? = nil) throws {
        name = program.split(separator: "/").last.map { String($0) } ?? program
        let input = try Self.pipe()
        let output = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
        if let log {
            for descriptor in CInt(1)...2 {
                posix_spawn_file_actions_addopen(&actions, descriptor, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            }
        } else {
            posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        sigaddset(&mask, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        var argv = ([program] + arguments).map { strdup($0) } + [nil]
        var variables =
            (environment ?? ProcessInfo.processInfo.environment).map { strdup($0.key + "=" + $0.value) } + [nil]
        defer {
            for pointer in argv + variables { free(pointer) }
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
            close(input.reading)
            close(output.writing)
        }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &argv, &variables)
        guard code == 0 else {
            close(input.writing)
            close(output.reading)
            throw BenchmarkError("cannot start \(program): \(String(cString: strerror(code)))")
        }
        self.pid = pid
        self.input = input.writing
        self.output = output.reading
        CleanUp.add(pid)
    }

    deinit {
        end()
        close(input)
        close(output)
    }

    private static func pipe() throws -> (reading: CInt, writing: CInt) {
        var ends: [CInt] = [-1, -1]
        // Not inherited, except where it is put in the place of a standard descriptor.
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw BenchmarkError("socketpair: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
    }

    /// The next line of its standard output, or nil at the end of it.
    func readLine() -> String? {
        var line: [UInt8] = []
        var octet: UInt8 = 0
        while read(output, &octet, 1) == 1 {
            if octet == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(octet)
        }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }

    /// Everything it writes until its end.
    func readAll() -> String {
        var lines: [String] = []
        while let line = readLine() { lines.append(line) }
        return lines.joined(separator: "\n")
    }

    /// Forgets what it writes from now on, on a thread of its own, so that it never has to wait.
    func drain() {
        let output = dup(self.output)
        let thread = try? spawnThread(named: "drain") {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while read(output, &buffer, buffer.count) > 0 {}
            close(output)
        }
        if let thread { pthread_detach(thread) }
    }

    /// Sends SIGTERM; returns its status as of waitpid(2) and the seconds it took, or nil if it had to be killed after
    /// `limit` seconds.
    func terminate(within limit: Double) -> (status: CInt, seconds: Double)? {
        hasEnded.withLock { hasEnded in
            let start = monotonicSeconds()
            kill(pid, SIGTERM)
            var status: CInt = 0
            var isOver = false
            while !isOver, monotonicSeconds() < start + limit {
                isOver = waitpid(pid, &status, WNOHANG) != 0
                if !isOver { usleep(1000) }
            }
            if !isOver {
                kill(pid, SIGKILL)
                waitpid(pid, &status, 0)
            }
            hasEnded = true
            CleanUp.remove(pid)
            return isOver ? (status, monotonicSeconds() - start) : nil
        }
    }

    /// Waits for its end; returns its exit status.
    func waitForEnd() -> CInt {
        hasEnded.withLock { hasEnded in
            var status: CInt = 0
            if !hasEnded { waitpid(pid, &status, 0) }
            hasEnded = true
            CleanUp.remove(pid)
            return status
        }
    }

    /// Asks it to end, and makes it after five seconds.
    func end() {
        hasEnded.withLock { hasEnded in
            if hasEnded { return }
            hasEnded = true
            CleanUp.remove(pid)
            kill(pid, SIGTERM)
            var status: CInt = 0
            for _ in 0..<1000 {
                if waitpid(pid, &status, WNOHANG) != 0 { return }
                usleep(5000)
            }
            kill(pid, SIGKILL)
            waitpid(pid, &status, 0)
        }
    }
}

/// A program's path: in `PATH` or where the system keeps servers.
func find(_ program: String, package: String) throws -> String {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    for folder in (path + ":/usr/local/sbin:/usr/sbin:/sbin").split(separator: ":") {
        let candidate = "\(folder)/\(program)"
        if access(candidate, X_OK) == 0 { return candidate }
    }
    throw BenchmarkError("\(program) is not installed; on Debian and Ubuntu: apt-get install \(package)")
}

/// What must not stay behind: processes and folders.
enum CleanUp {
    private static let state = Lock<(pids: Set<pid_t>, folders: Set<String>)>(([], []))
    private static let signals: [CInt] = [SIGINT, SIGTERM, SIGHUP]

    /// Where the handler says which signal came.
    private static let report = Atomic<CInt>(-1)

    /// Acts on signals on a thread of its own. Call before any other thread is started.
    ///
    /// It has a handler and does not wait with sigwait(3): while an asynchronous `main` waits, the main thread has no signal
    /// blocked, and would take the process down by the default action.
    static func begin() {
        SignalSource.block(signals)
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        let reading = ends[0]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        report.store(ends[1], ordering: .relaxed)
        for number in signals {
            signal(number) { number in
                var octet = UInt8(truncatingIfNeeded: number)
                _ = write(CleanUp.report.load(ordering: .relaxed), &octet, 1)
            }
        }
        _ = try? spawnThread(named: "signals") {
            var set = sigset_t()
            sigemptyset(&set)
            for number in signals { sigaddset(&set, number) }
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
            var number: UInt8 = 0
            while read(reading, &number, 1) != 1 {}
            // Nobody else goes on meanwhile, to complain of what was ended.
            state.withLock { state in
                end(&state)
                exit(128 + CInt(number))
            }
        }
    }

    static func add(_ pid: pid_t) { state.withLock { _ = $0.pids.insert(pid) } }
    static func remove(_ pid: pid_t) { state.withLock { _ = $0.pids.remove(pid) } }

    /// A new folder, removed with all that is in it at the end.
    static func makeFolder() throws -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/delivery-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BenchmarkError("mkdtemp in \(base): errno \(errno)") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        state.withLock { _ = $0.folders.insert(folder) }
        return folder
    }

    static func end() { state.withLock { end(&$0) } }

    private static func end(_ state: inout (pids: Set<pid_t>, folders: Set<String>)) {
        for pid in state.pids {
            kill(pid, SIGKILL)
            var status: CInt = 0
            waitpid(pid, &status, 0)
        }
        for folder in state.folders { try? FileManager.default.removeItem(atPath: folder) }
        state = ([], [])
    }
}
