import Foundation

/// A new folder below the system's temporary one, removed with everything in it by ``remove()``, when the value goes away,
/// or when the test process ends, in whatever way.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init(_ purpose: String = "test") throws {
        path = try temporaryPath("delivery-\(purpose)")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        ProcessReaper.shared.watch(folder: path)
    }

    deinit { remove() }

    package func file(_ name: String) -> String { path + "/" + name }

    package func write(_ text: String, to name: String, mode: Int = 0o600) throws {
        let url = URL(fileURLWithPath: file(name))
        try Data(text.utf8).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
    }

    package func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: file(name))), as: UTF8.self)
    }

    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
        ProcessReaper.shared.forget(folder: path)
    }
}

private func temporaryPath(_ prefix: String) throws -> String {
    let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    let suffix = String((0..<12).map { _ in letters[Int.random(in: 0..<letters.count)] })
    return base + (base.hasSuffix("/") ? "" : "/") + prefix + "-" + suffix
}
