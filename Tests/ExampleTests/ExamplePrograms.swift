import Foundation
import Support

/// The programs of Docs/examples as real processes, on a virtual host of their own.
struct ExamplePrograms: Sendable {
    private let environment: [String: String]

    /// Runs `body` with a new virtual host of the shared broker.
    static func with(_ body: (ExamplePrograms) async throws -> Void) async throws {
        let broker = try await RabbitMQBroker.shared()
        let host = try await broker.makeVirtualHost()
        try await body(ExamplePrograms(uri: broker.url(virtualHost: host)))
        try await broker.deleteVirtualHost(host)
    }

    init(uri: String) {
        environment = ["RABBITMQ_URL": uri]
    }

    /// Starts a program; when `line` is given, waits until it prints that.
    func start(_ name: String, _ arguments: String..., until line: String? = nil) async throws -> ChildProcess {
        let process = try ChildProcess(try Self.executable(name), arguments, environment: environment)
        if let line { try await process.wait(for: line) }
        return process
    }

    /// Runs a program to its end.
    func run(_ name: String, _ arguments: String...) async throws -> (exit: ChildProcess.Exit, lines: [String]) {
        try await run(name, arguments)
    }

    func run(_ name: String, _ arguments: [String]) async throws -> (exit: ChildProcess.Exit, lines: [String]) {
        let process = try ChildProcess(try Self.executable(name), arguments, environment: environment)
        return (try await process.end(), process.outputLines)
    }

    /// In the folder that EXAMPLES_FOLDER names, else where Docs/scripts/test builds them.
    private static func executable(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardized
        let folder =
            ProcessInfo.processInfo.environment["EXAMPLES_FOLDER"]
            ?? root.appendingPathComponent(".build/examples/debug").path
        let path = folder + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw SupportError(
                "no program \(path): swift build --package-path Docs/examples --scratch-path .build/examples")
        }
        return path
    }
}

extension ChildProcess {
    func wait(for line: String, within seconds: Double = 20) async throws {
        try await onOwnThread { try self.waitForLine(within: seconds) { $0 == line ? () : nil } }
    }

    /// Awaits the end; a program that goes on is ended.
    @discardableResult
    func end(within seconds: Double = 20) async throws -> Exit {
        try await onOwnThread {
            do { return try self.waitForExit(within: seconds) } catch {
                try self.kill()
                throw error
            }
        }
    }

    /// What Ctrl-C does.
    func interrupt() async throws -> Exit {
        signal(SIGINT)
        return try await end()
    }
}
