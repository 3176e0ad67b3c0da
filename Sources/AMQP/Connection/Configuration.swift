import AMQPWire
import TLS

/// How a connection behaves. Every limit has a default that suits a service.
public struct AMQPConfiguration: Sendable {
    /// What happens when the connection is lost.
    public struct Recovery: Sendable {
        /// Whether a lost connection is restored.
        public var isEnabled = true
        /// Before the first attempt; it doubles with each one that fails.
        public var initialDelay: Duration = .milliseconds(100)
        /// No delay is longer.
        public var ceiling: Duration = .seconds(10)
        /// What part of a delay is chosen at random, 0 to 1, so that many clients do not return all at once.
        public var jitter = 0.5

        /// The defaults.
        public init() {}
        /// The connection is not restored.
        public static var disabled: Recovery {
            var recovery = Recovery()
            recovery.isEnabled = false
            return recovery
        }
    }

    /// What the first attempt to connect may come to.
    public enum FirstAttempt: Sendable {
        /// `connect` throws unless it succeeds.
        case mustSucceed
        /// `connect` throws when a broker answers and refuses (password, virtual host, not AMQP); when none can be
        /// reached it returns, and the connection goes on trying as it does after a loss.
        case mayFindBrokerDown
    }

    /// What to do when nothing can be sent at the moment.
    public enum DownPolicy: Sendable, Hashable {
        /// Waits so long, counted from when it cannot go on; then fails as `failAtOnce` does.
        case wait(Duration)
        /// Fails with `.notConnected` while there is no connection, and with `.blocked` while the broker takes no
        /// publishes (connection.blocked, channel.flow). Nothing was sent then.
        case failAtOnce

        /// How long to wait; zero or less means not at all.
        var patience: Duration {
            switch self {
            case .wait(let time): time
            case .failAtOnce: .zero
            }
        }
    }

    /// Shown by the broker's management pages.
    public var name: String?
    /// Added to what the client says about itself.
    public var clientProperties: FieldTable = [:]
    /// How often a sign of life is wished for, in whole seconds on the wire (rounded up); zero means never, and 60 s if
    /// neither this nor the URI's heartbeat says. This wins.
    public var heartbeat: Duration?
    /// The highest channel number to ask for, and so the number of channels; the broker may allow fewer. The URI's
    /// channel_max wins.
    public var channelMax: UInt16 = 2047
    /// Octets of the largest frame that the client asks for; the lower of both sides' holds. The URI's frame_max wins.
    public var frameMax: UInt32 = 131_072
    /// For `amqps://`. What the URI's parameters say (cacertfile, certfile, keyfile, password, verify, depth,
    /// server_name_indication) wins.
    public var tls = TLSConfiguration()
    /// For TCP, TLS and the handshake together. The URI's connection_timeout wins.
    public var connectTimeout: Duration = .seconds(10)
    /// How long declare and its like wait for their answer.
    public var requestTimeout: Duration = .seconds(30)
    /// How long `close` waits for the broker's answer.
    public var closeTimeout: Duration = .seconds(3)
    /// What happens when the connection is lost.
    public var recovery = Recovery()
    /// What `connect` does when no broker can be reached.
    public var firstAttempt = FirstAttempt.mustSucceed
    /// What requests and publishes do while there is no connection, and publishes while the broker blocks them. A
    /// channel may have a policy of its own (`openChannel(whileDown:)`).
    public var whileDown = DownPolicy.wait(.seconds(30))
    /// Publishes of a channel that may wait for their confirm, in number and in octets.
    public var publishWindow = 1024
    /// The same in octets of their bodies.
    public var publishWindowOctets = 16 << 20
    /// Deliveries that nobody has taken yet may hold this many octets (each counts 512 more than its body); above it
    /// the socket is read only while a publish or a request waits for its answer. Above eight times as many a publish
    /// fails (`.unreadDeliveries`), above sixteen times the connection is given up if anybody waits for an answer, and
    /// else not read, which RabbitMQ suffers for 30 s. Only a consumer without a prefetch limit that is slower than its
    /// queue gets there: it should have a connection of its own.
    public var deliveryBufferOctets = 16 << 20
    /// Octets of the largest body that is accepted from the broker; larger ones end the connection.
    public var bodyMax = 512 << 20
    /// Octets of the largest content header that is accepted; RabbitMQ may exceed the frame size with them.
    public var headerMax = 1 << 20
    /// Told of every event, on the connection's own thread: it must not block.
    public var onEvent: (@Sendable (AMQPEvent) -> Void)?

    /// The defaults, and a name.
    public init(name: String? = nil) { self.name = name }
}
