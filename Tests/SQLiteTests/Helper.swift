import Glibc
import Synchronized
import Testing

/// Starts one at a time: between `pipe` and FD_CLOEXEC another one would inherit the descriptors.
private let starting = Lock(())

/// A second process that works on the same file: the executable SQLiteWriter, beside the tests' own.
final class Helper: Sendable {
    private let identifier: pid_t
    private let input: Int32
    private let output: Int32
    private let isReaped = Flag()

    init(_ arguments: String...) throws {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        try #require(length > 0)
        let own = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let slash = try #require(own.lastIndex(of: "/"))
        let program = own[..<slash] + "/SQLiteWriter"

        (identifier, input, output) = try starting.withLock { _ in try Self.start(String(program), arguments) }
    }

    private static func start(_ program: String, _ arguments: [String]) throws -> (pid_t, Int32, Int32) {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        try #require(pipe(&toChild) == 0 && pipe(&fromChild) == 0)
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        var vector: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in vector { free(pointer) } }
        var identifier = pid_t()
        let result = posix_spawn(&identifier, program, &actions, nil, &vector, environ)
        close(toChild[0])
        close(fromChild[1])
        try #require(result == 0, "cannot start \(program)")
        return (identifier, toChild[1], fromChild[0])
    }

    deinit {
        close(input)
        close(output)
        guard !isReaped.isSet else { return }
        kill(identifier, SIGKILL)
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
    }

    /// SIGKILL; returns when it is gone.
    func die() async throws {
        kill(identifier, SIGKILL)
        _ = try await finish()
    }

    func send() {
        var octet = UInt8(ascii: "\n")
        _ = write(input, &octet, 1)
    }

    /// Blocks; nil at the end of the output.
    func line() -> String? {
        var octets: [UInt8] = []
        var octet: UInt8 = 0
        while read(output, &octet, 1) == 1 {
            if octet == UInt8(ascii: "\n") { return String(decoding: octets, as: UTF8.self) }
            octets.append(octet)
        }
        return octets.isEmpty ? nil : String(decoding: octets, as: UTF8.self)
    }

    /// Sends a line and waits for the answer.
    func ask() -> String? {
        send()
        return line()
    }

    /// Waits for the line "ready".
    func ready() async throws {
        let first = try await onThread { self.line() }
        try #require(first == "ready")
    }

    /// Everything it still prints, until it ends; and its wait status (waitpid(2)).
    func finish() async throws -> (lines: [String], status: Int32) {
        try await onThread {
            var lines: [String] = []
            while let line = self.line() { lines.append(line) }
            var status: Int32 = 0
            while waitpid(self.identifier, &status, 0) < 0 && errno == EINTR {}
            self.isReaped.set()
            return (lines, status)
        }
    }
}
