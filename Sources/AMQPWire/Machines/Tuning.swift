/// The limits of a connection.
public struct Tuning: Hashable, Sendable {
    /// The highest channel number.
    public var channelMax: UInt16
    /// Octets of the largest frame.
    public var frameMax: UInt32
    /// Seconds; 0 means no heartbeats.
    public var heartbeat: UInt16

    /// RabbitMQ's defaults, where nothing else is said.
    public init(channelMax: UInt16 = 2047, frameMax: UInt32 = 131_072, heartbeat: UInt16 = 60) {
        self.channelMax = channelMax
        self.frameMax = frameMax
        self.heartbeat = heartbeat
    }

    /// What holds between what the server proposes and what this client wishes (0 means no limit): the lower limit, and
    /// for the heartbeat the lower interval unless one side says 0: then the other's holds.
    package func negotiated(with server: ConnectionTune) throws(AMQPError) -> Tuning {
        func lower<Value: FixedWidthInteger>(_ one: Value, _ other: Value) -> Value {
            one == 0 || other == 0 ? max(one, other) : min(one, other)
        }
        var result = Tuning(
            channelMax: lower(channelMax, server.channelMax), frameMax: lower(frameMax, server.frameMax),
            heartbeat: lower(heartbeat, server.heartbeat))
        if result.channelMax == 0 { result.channelMax = .max }
        if result.frameMax == 0 { result.frameMax = 131_072 }
        guard result.frameMax >= 4096 else {
            throw .syntax(
                "frame_max \(result.frameMax), less than the 4096 that AMQP asks for", .notAllowed, ConnectionTune.id)
        }
        // A frame is built in memory: nobody needs one above 128 MiB.
        result.frameMax = min(result.frameMax, 1 << 27)
        return result
    }
}
