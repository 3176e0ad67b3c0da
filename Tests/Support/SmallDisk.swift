import Foundation
import Glibc

/// A file system in memory of a few megabytes, which can be filled. Only root can make one.
package final class SmallDisk: Sendable {
    private let folder: TemporaryFolder

    package init(kilobytes: Int) async throws {
        folder = try TemporaryFolder("disk")
        try Self.run("mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", folder.path])
    }

    deinit { try? remove() }

    package func file(_ name: String) -> String { folder.file(name) }

    /// Takes all the room that is left.
    package func fill() throws {
        let descriptor = open(file("filler"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SupportError("cannot fill \(folder.path): \(errno)") }
        defer { close(descriptor) }
        let page = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, page, page.count) > 0 {}
        guard errno == ENOSPC else { throw SupportError("cannot fill \(folder.path): \(errno)") }
    }

    package func makeRoom() throws {
        guard unlink(file("filler")) == 0 else { throw SupportError("cannot make room in \(folder.path): \(errno)") }
    }

    /// - Parameter option: `ro` or `rw`.
    package func remount(_ option: String) throws { try Self.run("mount", ["-o", "remount,\(option)", folder.path]) }

    package func remove() throws {
        guard access(folder.path, F_OK) == 0 else { return }
        try Self.run("umount", ["-l", folder.path])
        folder.remove()
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        _ = try ChildProcess.run(
            "/usr/bin/env", [program] + arguments, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
    }
}
