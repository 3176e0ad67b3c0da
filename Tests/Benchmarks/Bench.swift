import EventLoop
import Glibc

/// Measures this project beside its peers, on the machine that it runs on: `bench --help`.
@main
struct Bench {
    static let all: [Benchmark] = [
        .http, .startup, .memory, .amqp, .soak, .chaos, .outage, .streams, .ending, .slow, .view, .orders, .world, .sse,
        .sqlite,
        .growth, .json,
    ]

    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        // Keeps an interrupt from leaving servers behind; threads inherit the mask.
        CleanUp.begin()
        do {
            if arguments.first == HTTPServerProcess.command {
                arguments.removeFirst()
                try await HTTPServerProcess.run(arguments)
                return CleanUp.end()
            }
            if arguments.first == SubscriberClient.command {
                return try SubscriberClient.run(Array(arguments.dropFirst()))
            }
            if arguments.first == SinkProcess.command { return try SinkProcess.run(Array(arguments.dropFirst())) }
            if arguments.first == SQLiteRun.command {
                arguments.removeFirst()
                return try SQLiteRun(arguments).run()
            }
            guard let name = arguments.first, name != "--help" else { return print(usage) }
            guard let benchmark = all.first(where: { $0.name == name }) else {
                throw BenchmarkError("there is no benchmark \(name): \(all.map(\.name).joined(separator: ", "))")
            }
            if arguments.contains("--help") { return print("\(name): \(benchmark.summary)\n\n\(benchmark.help)") }
            try await benchmark.run(Array(arguments.dropFirst()))
            CleanUp.end()
        } catch {
            CleanUp.end()
            let message = Array("bench: \(error)\n".utf8)
            _ = write(2, message, message.count)
            exit(1)
        }
    }

    private static var usage: String {
        let names = all.map { "  \($0.name)\(String(repeating: " ", count: 10 - $0.name.count))\($0.summary)" }
        return """
            bench NAME [OPTION]…: prints a table and a line of JSON. bench NAME --help tells the options.

            \(names.joined(separator: "\n"))
            """
    }
}

/// One subcommand.
struct Benchmark: Sendable {
    let name: String
    let summary: String
    var help = Options.help
    let run: @Sendable ([String]) async throws -> Void
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What the benchmarks of the services take from the command line.
struct Options: Sendable {
    var rounds = 5
    var seconds = 3
    var orders = 10_000
    /// Where `api` and `store-admin` are.
    var programs = Options.ownFolder

    static let help = """
          --rounds N      how often each is measured; they take turns (5)
          --seconds N     how long one measurement under load lasts (3)
          --orders N      orders in the database of the services (10000)
          --programs DIR  where api and store-admin are (beside bench)
        """

    init(_ arguments: [String]) throws {
        var arguments = Arguments(arguments)
        while let option = arguments.next() {
            switch option {
            case "--rounds": rounds = try arguments.number(1...1000)
            case "--seconds": seconds = try arguments.number(1...600)
            case "--orders": orders = try arguments.number(0...100_000_000)
            case "--programs": programs = try arguments.value()
            default: throw arguments.unknown(Self.help)
            }
        }
    }

    static var ownPath: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        return String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static var ownFolder: String {
        let path = ownPath
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
