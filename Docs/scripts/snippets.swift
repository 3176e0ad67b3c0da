import AMQP

/// What the parts of programs in the documentation take for granted; each is a function of this type.
struct Snippets {
    let connection: AMQPConnection
    let channel: AMQPChannel
    let uri: String
    let body: [UInt8]
    let bodies: [[UInt8]]
    let delivery: AMQPDelivery

    /// What the program is about.
    func handle(_ body: [UInt8]) async throws {}
    func handle(_ bodies: [[UInt8]]) async throws {}
    func log(_ message: String) {}
}
