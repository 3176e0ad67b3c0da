import EventLoop
import Glibc

/// What `main` of a service does around the service itself: options, signals, loops, and one clear line when it cannot
/// start.
package struct Program: Sendable {
    package let name: String
    package let summary: String
    package let settings: [Setting]
    package let commands: [Command]

    package init(name: String, summary: String, settings: [Setting], commands: [Command] = []) {
        self.name = name
        self.summary = summary
        self.settings = settings
        self.commands = commands
    }

    /// Something that the program does instead of serving: an option with one argument or none.
    package struct Command: Sendable {
        package let option: String
        /// Empty for none.
        package let argument: String
        package let meaning: String
        /// Returns the line that is printed at the end; it may print others before with `say`. What it throws is printed on
        /// standard error and gives exit code 1.
        let run: @Sendable (CommonSettings, String, (String) -> Void) throws -> String

        package init(
            _ option: String, _ argument: String, _ meaning: String,
            run: @escaping @Sendable (CommonSettings, String) throws -> String
        ) {
            self.option = option
            self.argument = argument
            self.meaning = meaning
            self.run = { settings, argument, _ in try run(settings, argument) }
        }

        package init(
            _ option: String, _ meaning: String,
            run: @escaping @Sendable (CommonSettings, _ say: (String) -> Void) throws -> String
        ) {
            self.option = option
            argument = ""
            self.meaning = meaning
            self.run = { settings, _, say in try run(settings, say) }
        }

        var usage: String { argument.isEmpty ? option : "\(option) \(argument)" }
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
        // The database holds addresses and password hashes.
        umask(0o077)
        runOption(Array(CommandLine.arguments.dropFirst()), port: port)
        // Before any thread is started, since threads inherit the mask.
        SignalSource.block(Lifecycle.signals)
        Descriptors.raiseLimit()
        ProcessMemory.begin()
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

    /// Returns when there is none: then the program serves.
    private func runOption(_ arguments: [String], port: Int) {
        guard let option = arguments.first else { return }
        if let command = commands.first(where: { $0.option == option }) {
            guard arguments.count == (command.argument.isEmpty ? 1 : 2), arguments.last?.isEmpty == false else {
                fail("usage: \(name) \(command.usage)", code: 2)
            }
            run(command, arguments[arguments.count - 1], port: port)
        }
        guard arguments.count == 1 else { fail("too many arguments; --help lists what there is", code: 2) }
        switch option {
        case "--help", "-h":
            print(help)
            exit(0)
        case "--health": exit(HealthProbe.run(port: port))
        default: fail("unknown option \(option); --help lists what there is", code: 2)
        }
    }

    private func run(_ command: Command, _ argument: String, port: Int) -> Never {
        do {
            let say = { (line: String) in
                print("\(name): \(Self.oneLine(line))")
                // A failure ends the process without that.
                fflush(nil)
            }
            say(try command.run(try CommonSettings(.process, port: port), argument, say))
            exit(0)
        } catch {
            fail("\(error)", code: 1)
        }
    }

    private static func oneLine(_ text: String) -> String {
        text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
    }

    private func fail(_ reason: String, code: CInt) -> Never {
        writeToStandardError("\(name): \(Self.oneLine(reason))")
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
        var options = [("--health", "asks the running service (HOST, PORT) whether it is ready; exit code 0 if so")]
        options += commands.map { ($0.usage, $0.meaning) }
        let most = options.map(\.0.count).max() ?? 0
        let optionLines = options.map { option, meaning in
            "  \(option)\(String(repeating: " ", count: most - option.count))  \(meaning)"
        }
        return """
            \(name): \(summary)

            Usage: \(name) [--help\(options.map { " | \($0.0)" }.joined())]
            \(optionLines.joined(separator: "\n"))

            Settings are environment variables:
            \(lines.joined(separator: "\n"))
            """
    }
}
