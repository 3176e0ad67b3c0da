import Glibc

/// A client that is measured: a program and what comes first on its command line.
struct Candidate: Sendable {
    /// Names of programs that `--peers` looks for.
    static let known = ["rabbitmqc", "gobench", "floor"]
    static let ours = Candidate(name: "ours", program: Options.ownPath, arguments: ["amqp"])

    let name: String
    let program: String
    let arguments: [String]

    private init(name: String, program: String, arguments: [String]) {
        self.name = name
        self.program = program
        self.arguments = arguments
    }

    /// From NAME=COMMAND; the command's words are set apart by spaces.
    init(_ text: String) throws {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
            throw BenchmarkError("--peer takes NAME=COMMAND, not \(text)")
        }
        let words = text[text.index(after: sign)...].split(separator: " ").map { String($0) }
        guard let program = words.first else { throw BenchmarkError("--peer \(text) has no command") }
        self.init(
            name: String(text[..<sign]), program: program.contains("/") ? program : try find(program, package: program),
            arguments: Array(words.dropFirst()))
    }

    static func all(in folder: String) throws -> [Candidate] {
        let found = known.filter { access("\(folder)/\($0)", X_OK) == 0 }
        guard !found.isEmpty else {
            throw BenchmarkError("\(folder) has none of \(known.joined(separator: ", "))")
        }
        return found.map { Candidate(name: $0, program: "\(folder)/\($0)", arguments: []) }
    }

    func run(_ settings: PeerSettings) throws -> PeerResult {
        let child = try Child(program, arguments + settings.arguments)
        let output = child.readAll()
        let status = child.waitForEnd()
        guard status == 0 else { throw BenchmarkError("\(name) ended with status \(status): \(output)") }
        let result = try PeerResult(output: output)
        guard result.messages == settings.count else {
            throw BenchmarkError("\(name) counts \(result.messages) of \(settings.count) messages")
        }
        return result
    }
}
