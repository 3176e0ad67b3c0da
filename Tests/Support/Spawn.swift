import Glibc

/// `posix_spawn` with what every child of the tests gets: a session of its own, no inherited signal mask, no input.
enum Spawn {
    /// - Parameters:
    ///   - input: a descriptor to read from, or -1 for `/dev/null`.
    ///   - output: a descriptor for standard output and error, or -1 for `/dev/null`.
    static func process(
        _ executable: String, _ arguments: [String], environment: [String: String],
        input: Int32 = -1, output: Int32 = -1
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if input >= 0 {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for descriptor in [Int32(1), 2] {
            if output >= 0 {
                posix_spawn_file_actions_adddup2(&actions, output, descriptor)
            } else {
                posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
            }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        sigfillset(&mask)
        posix_spawnattr_setsigdefault(&attributes, &mask)
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, a macro that is not imported
        posix_spawnattr_setflags(
            &attributes, Int16(newSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))

        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        // The mark of a test run, by which Docs/scripts/test finds what is left behind.
        var environment = environment
        if let mark = getenv("DELIVERY_TEST_RUN") { environment["DELIVERY_TEST_RUN"] = String(cString: mark) }
        var envp = environment.map { strdup($0.key + "=" + $0.value) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }

        var child: pid_t = 0
        let code = posix_spawnp(&child, executable, &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            throw SupportError("cannot start \(executable): \(String(cString: strerror(code)))")
        }
        return child
    }

    /// A pipe whose ends no other child inherits. (A socket pair: `pipe2`, which would do it, is not in Glibc's module.)
    static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw SupportError("socketpair: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
    }
}
