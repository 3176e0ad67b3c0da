import Dispatch
import Glibc

/// What the command line and the environment say: `[--count N] [--help] [--] [WORD…]`.
public struct Options: Sendable {
    /// The broker's address: `RABBITMQ_URL`, or a broker on this machine.
    public var uri = "amqp://guest:guest@localhost"
    /// After how many messages the program ends by itself.
    public var count = Int.max
    public var words: [String] = []
    let usage: String
    var wantsHelp = false

    init(_ usage: String, _ arguments: [String]) throws(ExampleError) {
        self.usage = usage
        if let value = getenv("RABBITMQ_URL") { uri = String(cString: value) }
        var rest = arguments.makeIterator()
        while let argument = rest.next() {
            switch argument {
            case "--count":
                guard let value = rest.next().flatMap({ Int($0) }), value > 0 else {
                    throw ExampleError("--count needs a number from 1; \(wrongUse)")
                }
                count = value
            case "-h", "--help": wantsHelp = true
            case "--": while let word = rest.next() { words.append(word) }
            case _ where argument.hasPrefix("--"): throw ExampleError("unknown option \(argument); \(wrongUse)")
            default: words.append(argument)
            }
        }
    }

    /// For a program that lacks a word.
    public var wrongUse: ExampleError { ExampleError("usage: \(usage)") }

    /// All words as one text.
    public var text: String { words.joined(separator: " ") }
}

/// Why an example ends: it was called in a way that it does not understand, or something did not happen.
public struct ExampleError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// Runs an example until it returns or somebody presses Ctrl-C, which cancels its task, so that the scopes of channel and
/// connection close what they opened. An error becomes one line and exit status 1.
///
/// - Parameter usage: the program's name, and what may follow.
public func run(_ usage: String, _ example: @escaping @Sendable (Options) async throws -> Void) async {
    let task = Task {
        let options = try Options(usage, Array(CommandLine.arguments.dropFirst()))
        guard !options.wantsHelp else {
            return say("usage: \(usage)\nRABBITMQ_URL names the broker; now it is \(options.uri)")
        }
        try await example(options)
    }
    let signals = [SIGINT, SIGTERM].map { number in
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { task.cancel() }
        source.resume()
        return source
    }
    do {
        try await task.value
    } catch {
        guard task.isCancelled else {
            say("error: \(error)")
            exit(1)
        }
        say("stopped")
    }
    for source in signals { source.cancel() }
}

/// Prints a line at once, also into a pipe.
public func say(_ line: String) {
    print(line)
    fflush(nil)
}

extension [UInt8] {
    /// The octets as text.
    public var text: String { String(decoding: self, as: UTF8.self) }
}
