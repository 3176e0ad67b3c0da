import Foundation
import Support

/// Another program that holds SQLite's write lock, as `BEGIN IMMEDIATE` in a shell does.
final class ForeignLock: Sendable {
    private let process = Process()
    private let input = Pipe()

    init(_ database: String) async throws {
        process.executableURL = URL(filePath: try ServiceProcess.executable("SQLiteWriter"))
        process.arguments = ["lock", database]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let said = try await onOwnThread { String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) }
        guard said == "ready\n" else { throw SupportError("the other program says \(said)") }
    }

    deinit { process.terminate() }

    func release() async throws {
        try input.fileHandleForWriting.close()
        try await onOwnThread { [self] in process.waitUntilExit() }
    }
}
