import Foundation
import Glibc

/// One of this package's services as a real process: the executable beside the test bundle, on a free port of 127.0.0.1,
/// with JSON logs that are kept.
package final class ServiceProcess: Sendable {
    package let name: String
    package let port: UInt16
    package let http: HTTPTestClient
    private let settings: Guarded<[String: String]>
    private let current: Guarded<ChildProcess?>

    /// Starts a service and waits until it says that it listens.
    ///
    /// - Parameters:
    ///   - name: of the executable: `api` or `store-admin`.
    ///   - environment: settings; nothing is inherited but PATH, HOME and TMPDIR.
    package static func start(
        _ name: String, environment: [String: String], port: UInt16? = nil, within seconds: Double = 20
    ) async throws -> ServiceProcess {
        let service = ServiceProcess(name, environment: environment, port: try port ?? FreePort.next())
        try await service.launch(within: seconds)
        return service
    }

    private init(_ name: String, environment: [String: String], port: UInt16) {
        self.name = name
        self.port = port
        http = HTTPTestClient(port: port)
        settings = Guarded(environment)
        current = Guarded(nil)
    }

    deinit { current.read { $0?.signal(SIGKILL) } }

    /// The built executable of that name.
    package static func executable(_ name: String) throws -> String {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        for start in [bundle, CommandLine.arguments.first ?? ""] where !start.isEmpty {
            let path = URL(fileURLWithPath: start).deletingLastPathComponent().appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw SupportError("no executable \(name) beside \(bundle); build it with swift build --build-tests")
    }

    /// Runs a service that is expected to end by itself, as one with a bad setting does.
    package static func runToEnd(
        _ name: String, arguments: [String] = [], environment: [String: String] = [:], within seconds: Double = 10
    ) async throws -> (exit: ChildProcess.Exit, output: String) {
        try await onOwnThread {
            let process = try ChildProcess(
                try executable(name), arguments, environment: inherited().merging(environment) { $1 })
            do {
                return (try process.waitForExit(within: seconds), process.output)
            } catch {
                try process.kill()
                throw error
            }
        }
    }

    private static func inherited() -> [String: String] {
        let names = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "TSAN_OPTIONS", "ASAN_OPTIONS", "LSAN_OPTIONS"]
        return ProcessInfo.processInfo.environment.filter { names.contains($0.key) }
    }

    private func launch(within seconds: Double) async throws {
        try await onOwnThread { [self] in
            guard current.read({ $0?.isRunning != true }) else { throw SupportError("\(name) runs already") }
            var environment = Self.inherited()
            environment["HOST"] = "127.0.0.1"
            environment["LOG_FORMAT"] = "json"
            environment.merge(settings.read { $0 }) { $1 }
            environment["PORT"] = "\(port)"
            let process = try ChildProcess(try Self.executable(name), environment: environment)
            current.update { $0 = process }
            do {
                let said = try process.waitForLine(within: seconds) { line -> Int? in
                    guard line.contains("listening"), let record = try? JSONValue(parsing: Array(line.utf8)),
                        record["message"].string == "listening"
                    else { return nil }
                    return record["port"].int
                }
                guard said == Int(port) else { throw SupportError("\(name) listens on \(said), not on \(port)") }
            } catch {
                try process.kill()
                throw error
            }
        }
    }

    /// Waits until `/health/ready` answers 200.
    package func waitUntilReady(within seconds: Double = 20) async throws {
        try await eventually("\(name) ready", within: seconds) {
            try await http.get("/health/ready").status == 200
        }
    }

    /// Sends SIGTERM and awaits the end.
    @discardableResult
    package func terminate(within seconds: Double = 10) async throws -> ChildProcess.Exit {
        try await onOwnThread { [self] in try process().terminate(within: seconds) }
    }

    /// Ends the service with SIGKILL.
    package func kill() async throws {
        try await onOwnThread { [self] in try process().kill() }
    }

    /// Starts a service that has ended again, on the same port, with its settings and the changes to them.
    package func startAgain(environment: [String: String] = [:], within seconds: Double = 20) async throws {
        settings.update { $0.merge(environment) { $1 } }
        try await launch(within: seconds)
    }

    /// Awaits the end of a service that ends by itself.
    package func waitForExit(within seconds: Double = 10) async throws -> ChildProcess.Exit {
        try await onOwnThread { [self] in try process().waitForExit(within: seconds) }
    }

    /// Waits until the log has a line that fulfils the condition.
    package func waitForLog(
        within seconds: Double = 10, _ matches: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        try await onOwnThread { [self] in try process().waitForLine(within: seconds) { matches($0) ? $0 : nil } }
    }

    package func signal(_ number: Int32) { current.read { $0?.signal(number) } }
    package var isRunning: Bool { current.read { $0?.isRunning ?? false } }
    package var pid: pid_t { current.read { $0?.pid ?? 0 } }
    /// Standard output and error since the last start.
    package var output: String { current.read { $0?.output ?? "" } }

    /// Resident memory in octets.
    package var residentMemory: Int {
        let fields = (try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    private func process() throws -> ChildProcess {
        guard let process = current.read({ $0 }) else { throw SupportError("\(name) was never started") }
        return process
    }
}
