import AMQPWire

/// How a publish ended. There are three ways, not two.
public enum PublishOutcome: Sendable, Hashable {
    /// The broker has the message: for a durable queue and a persistent message, on disk.
    case confirmed
    /// The broker does not have it: it refused it (`.publishRefused`), or the message was mandatory and no queue took
    /// it (`.publishReturned`, with the broker's reply). A message of a batch that was not sent at all is refused, too,
    /// with the reason as the error.
    indirect case refused(AMQPError)
    /// Nobody knows: the connection or channel ended before the answer, for the reason given. Publishing again may
    /// make a duplicate.
    indirect case unknown(AMQPError)

    /// Nothing when confirmed; else the error. An unknown outcome has the code `.publishUnknown`.
    public func get() throws(AMQPError) {
        switch self {
        case .confirmed: return
        case .refused(let error): throw error
        case .unknown(let reason):
            throw AMQPError(
                .publishUnknown, "whether the broker has the message is not known: \(reason.message)",
                reply: reason.reply, host: reason.host)
        }
    }
}
