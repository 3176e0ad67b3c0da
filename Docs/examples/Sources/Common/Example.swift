import Dispatch
import Glibc

/// What the command line and the environment say: `[--count N] [WORD…]`.
public struct Options: Sendable {
    /// The broker's address: `RABBITMQ_URL`, or a broker on this machine.
    public var uri = "amqp://guest:guest@localhost"
    /// After how many messages the program ends by itself.
    public var count = Int.max
    public var words: [String] = []

    init(_ arguments: [String]) throws(UsageError) {
        if let value = getenv("RABBITMQ_URL") { uri = String(cString: value) }
        var rest = arguments.makeIterator()
        while let argument = rest.next() {
            guard argument == "--count" else {
                words.append(argument)
                continue
            }
            guard let value = rest.next().flatMap({ Int($0) }), value > 0 else {
                throw UsageError("--count needs a number from 1")
            }
            count = value
        }
    }

    /// All words as one text.
    public var text: String { words.joined(separator: " ") }
}

/// The program was called in a way that it does not understand.
public struct UsageError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// Runs an example until it returns or somebody presses Ctrl-C, which cancels its task, so that the scopes of channel and
/// connection close what they opened. An error becomes one line and exit status 1.
public func run(_ example: @escaping @Sendable (Options) async throws -> Void) async {
    let task = Task { try await example(Options(Array(CommandLine.arguments.dropFirst()))) }
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
