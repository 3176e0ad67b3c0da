import EventLoop
import Glibc

/// What `main` of a service does around the service itself: options, signals, loops, and one clear line when it cannot
/// start.
package struct Program: Sendable {
    package let name: String
    package let summary: String
    package let settings: [Setting]

    package init(name: String, summary: String, settings: [Setting]) {
        self.name = name
        self.summary = summary
        self.settings = settings
    }

    /// Why a program ends before it serves: one line for the person who started it.
    package struct StartError: Error, Sendable, CustomStringConvertible {
        package let description: String
        package init(_ description: String) { self.description = description }
    }

    /// Runs `serve` on the first of the loops until it returns; does not return itself.
    package func run(
        port: Int, _ serve: @escaping @Sendable (CommonSettings, EventLoopGroup, Logger) async throws -> Void
    ) -> Never {
        switch CommandLine.arguments.dropFirst().first {
        case nil: break
        case "--help", "-h":
            print(help)
            exit(0)
        case "--health":
            exit(HealthProbe.run(port: port))
        case let option?:
            fail("unknown option \(option); --help lists what there is", code: 2)
        }
        // The database holds addresses and password hashes.
        umask(0o077)
        // Before any thread is started, since threads inherit the mask.
        SignalSource.block(Lifecycle.signals)
        raiseDescriptorLimit()
        do {
            let settings = try CommonSettings(.process, port: port)
            let log = Logger(service: name, level: settings.logLevel, format: settings.logFormat)
            let group = try EventLoopGroup(count: settings.loops)
            do {
                try runBlocking(on: group.first) { try await serve(settings, group, log) }
            } catch {
                log.close()
                fail("\(error)", code: 1)
            }
            log.close()
            exit(0)
        } catch {
            fail("\(error)", code: 1)
        }
    }

    private func fail(_ reason: String, code: CInt) -> Never {
        let line = reason.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
        writeToStandardError("\(name): \(line)")
        // Not exit(3): other threads may still run.
        _exit(code)
    }

    private var help: String {
        let width = settings.map(\.name.count).max() ?? 0
        let lines = settings.map { setting in
            let padding = String(repeating: " ", count: width - setting.name.count)
            let fallback = setting.fallback.isEmpty ? "" : " (default: \(setting.fallback))"
            return "  \(setting.name)\(padding)  \(setting.meaning)\(fallback)"
        }
        return """
            \(name): \(summary)

            Usage: \(name) [--help | --health]
              --health  asks the running service (HOST, PORT) whether it is ready; exit code 0 if so

            Settings are environment variables:
            \(lines.joined(separator: "\n"))
            """
    }

    /// Ten thousand streams need ten thousand descriptors; the soft limit is often 1,024.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 1 << 20)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
