import Glibc

extension Benchmark {
    /// Our wrapper beside libsqlite3's own functions, each in a process of its own.
    static let sqlite = Benchmark(
        name: "sqlite", summary: "writes and reads of the SQLite wrapper beside libsqlite3's own functions",
        help: SQLiteOptions.help
    ) { arguments in
        let options = try SQLiteOptions(arguments)
        let file = "\(try options.folder ?? CleanUp.makeFolder())/bench.db"
        var report = Report(
            "sqlite",
            columns: [
                .init(name: "a second", digits: 0), .init(name: "CPU µs each", digits: 2),
                .init(name: "commit p50 µs", digits: 0), .init(name: "p99 µs", digits: 0),
            ])
        for round in 1...options.rounds {
            for work in options.works {
                var sums: Set<UInt64> = []
                for candidate in options.candidates(of: work) {
                    let outcome = try candidate.run(work.arguments + ["--db", file])
                    if outcome.sum > 0 { sums.insert(outcome.sum) }
                    report.add(
                        "\(work.name): \(candidate.name)",
                        [
                            outcome.perSecond, outcome.cpu, outcome.p50 > 0 ? outcome.p50 : .nan,
                            outcome.p99 > 0 ? outcome.p99 : .nan,
                        ])
                }
                guard sums.count <= 1 else { throw BenchmarkError("\(work.name): not all read the same") }
                progress("round \(round) of \(options.rounds): \(work.name)")
            }
        }
        for suffix in ["", "-wal", "-shm", ".main.lock", ".next.lock", ".in-use.lock"] { unlink(file + suffix) }
        var ratios: [(name: String, series: Series)] = []
        for work in options.works {
            let candidates = options.candidates(of: work)
            for peer in candidates where !peer.isOurs {
                for ours in candidates where ours.isOurs {
                    ratios.append(
                        (
                            "\(work.name), CPU: \(ours.name) / \(peer.name)",
                            report.series("\(work.name): \(ours.name)", 1)
                                .ratio(to: report.series("\(work.name): \(peer.name)", 1))
                        ))
                }
            }
        }
        try report.print(ratios: ratios)
    }

    private static func progress(_ text: String) {
        let message = Array("\(text)\n".utf8)
        _ = write(2, message, message.count)
    }
}

struct SQLiteOptions {
    var rounds = 5
    var folder: String?
    private var scale = 100
    private var only: [String] = []
    private var peers: [SQLiteCandidate] = []

    static let help = """
          --rounds N      how often each is measured; they take turns (5)
          --only A,B      write1, write8, write32, write128, read0, read1, read50, paced (all)
          --scale N       per cent of the usual number of orders (100)
          --dir DIR       where the database is made (a temporary folder)
          --peer NAME=COMMAND
                          another program with the command line of `bench sqlite-run`, which never gets --way; may be
                          given again

        \(SQLiteRun.help)
        """

    init(_ list: [String]) throws {
        var arguments = Arguments(list)
        while let option = arguments.next() {
            switch option {
            case "--rounds": rounds = try arguments.number(1...1000)
            case "--scale": scale = try arguments.number(1...10_000)
            case "--dir": folder = try arguments.value()
            case "--only": only = try arguments.value().split(separator: ",").map { String($0) }
            case "--peer": peers.append(try SQLiteCandidate(try arguments.value()))
            default: throw arguments.unknown(Self.help)
            }
        }
        for name in only where !Self.all.contains(where: { $0.key == name }) {
            throw BenchmarkError("--only does not know \(name)")
        }
    }

    private static let all = [
        SQLiteWork("write1", "1 order a commit", .write, group: 1, count: 20_000),
        SQLiteWork("write8", "8 orders a commit", .write, group: 8, count: 60_000),
        SQLiteWork("write32", "32 orders a commit", .write, group: 32, count: 200_000),
        SQLiteWork("write128", "128 orders a commit", .write, group: 128, count: 300_000),
        SQLiteWork("read0", "read without a transaction", .read, group: 0, count: 400_000),
        SQLiteWork("read1", "read 1 order a transaction", .read, group: 1, count: 400_000),
        SQLiteWork("read50", "read 50 orders a transaction", .read, group: 50, count: 400_000),
        SQLiteWork("paced", "300 commits of 1 order a second", .write, group: 1, count: 900, rate: 300),
    ]

    var works: [SQLiteWork] {
        Self.all.filter { only.isEmpty || only.contains($0.key) }.map { work in
            var work = work
            if work.rate == 0 { work.count = max(100, work.count * scale / 100) }
            return work
        }
    }

    func candidates(of work: SQLiteWork) -> [SQLiteCandidate] {
        var found = peers + [SQLiteCandidate(.plain)]
        switch (work.mode, work.group) {
        case (.read, 0): found += [SQLiteCandidate(.connection)]
        case (.read, _): found += [SQLiteCandidate(.connection), SQLiteCandidate(.database)]
        case (_, 1): found += [SQLiteCandidate(.database)]
        default: found += [SQLiteCandidate(.database), SQLiteCandidate(.orders)]
        }
        return found
    }
}

/// One line of the table's groups.
struct SQLiteWork {
    let key: String
    let name: String
    let mode: SQLiteRun.Mode
    let group: Int
    var count: Int
    let rate: Int

    init(_ key: String, _ name: String, _ mode: SQLiteRun.Mode, group: Int, count: Int, rate: Int = 0) {
        (self.key, self.name, self.mode, self.group, self.count, self.rate) = (key, name, mode, group, count, rate)
    }

    var arguments: [String] {
        var arguments = ["--mode", mode.rawValue, "--group", String(group), "--rate", String(rate)]
        if mode == .read {
            arguments += ["--orders", "100000", "--reads", String(count)]
        } else {
            arguments += ["--orders", String(count), "--sync", "FULL"]
        }
        return arguments
    }
}

/// Who does the work, in a process of its own.
struct SQLiteCandidate: Sendable {
    let name: String
    let isOurs: Bool
    private let program: String
    private let arguments: [String]

    init(_ way: SQLiteRun.Way) {
        name =
            switch way {
            case .plain: "libsqlite3"
            case .connection: "Connection"
            case .database: "Database"
            case .orders: "Database, a transaction an order"
            }
        isOurs = way != .plain
        program = Options.ownPath
        arguments = [SQLiteRun.command, "--way", way.rawValue]
    }

    /// From NAME=COMMAND; the command's words are set apart by spaces.
    init(_ text: String) throws {
        let words = text.drop { $0 != "=" }.dropFirst().split(separator: " ").map { String($0) }
        let name = text.prefix { $0 != "=" }
        guard let program = words.first, !name.isEmpty else {
            throw BenchmarkError("--peer takes NAME=COMMAND, not \(text)")
        }
        self.name = String(name)
        isOurs = false
        self.program = program.contains("/") ? program : try find(program, package: program)
        arguments = Array(words.dropFirst())
    }

    func run(_ settings: [String]) throws -> Outcome {
        let child = try Child(program, arguments + settings)
        let output = child.readAll()
        let status = child.waitForEnd()
        guard status == 0 else { throw BenchmarkError("\(name) ended with status \(status): \(output)") }
        do {
            return try Outcome(json: output)
        } catch {
            throw BenchmarkError("\(name) printed something else: \(output)")
        }
    }
}
