import Support
import Testing

/// The whole system as a user has it: the real executables, a real RabbitMQ, a real browser. One test at a time, since
/// each of them keeps a machine busy.
@Suite("End to end", .serialized, .timeLimit(.minutes(5)))
struct EndToEnd {}

/// The broker of those tests that stop and kill it; when it is left, it runs.
let ownBroker = Task { try await RabbitMQBroker.start() }
