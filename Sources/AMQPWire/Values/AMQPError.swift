/// What went wrong, in a form that a program can branch on (`code`) and a person can act on (`message`).
public struct AMQPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure. The set is open: later versions may add codes.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        // Reaching a broker.
        /// The URI or a setting is wrong.
        public static let invalidURI = Code(rawValue: "invalidURI")
        /// The setting is understood, but this build cannot do it.
        public static let unsupported = Code(rawValue: "unsupported")
        /// The host's name has no address.
        public static let nameResolution = Code(rawValue: "nameResolution")
        /// Nobody listens, or the network does not lead there.
        public static let unreachable = Code(rawValue: "unreachable")
        /// TCP or the handshake did not end in time.
        public static let connectTimeout = Code(rawValue: "connectTimeout")
        /// What answers does not speak AMQP.
        public static let notAMQP = Code(rawValue: "notAMQP")
        /// The server speaks another version of AMQP.
        public static let versionMismatch = Code(rawValue: "versionMismatch")
        /// One side speaks TLS, the other does not.
        public static let tlsMismatch = Code(rawValue: "tlsMismatch")
        /// A certificate or key file of this side, or another setting of TLS, cannot be used.
        public static let tlsConfiguration = Code(rawValue: "tlsConfiguration")
        /// No trusted authority has signed the server's certificate.
        public static let certificateUntrusted = Code(rawValue: "certificateUntrusted")
        /// The server's certificate is for other names or addresses than the one that was asked.
        public static let certificateName = Code(rawValue: "certificateName")
        /// The server's certificate has expired, or is not valid yet.
        public static let certificateExpired = Code(rawValue: "certificateExpired")
        /// The server wants a client certificate, or refuses the one it got.
        public static let clientCertificate = Code(rawValue: "clientCertificate")
        /// The sides have no version or cipher of TLS in common, or what came is not what was sent.
        public static let tls = Code(rawValue: "tls")
        /// The server offers none of the mechanisms that the client may use.
        public static let mechanism = Code(rawValue: "mechanism")
        /// Wrong user or password.
        public static let authentication = Code(rawValue: "authentication")
        /// The virtual host does not exist, or the user may not enter it.
        public static let virtualHost = Code(rawValue: "virtualHost")

        // The life of a connection or channel.
        /// The peer closed the connection and said why.
        public static let connectionClosedByPeer = Code(rawValue: "connectionClosedByPeer")
        /// The connection broke without a word.
        public static let connectionLost = Code(rawValue: "connectionLost")
        /// The peer was silent for two heartbeats.
        public static let heartbeatMissed = Code(rawValue: "heartbeatMissed")
        /// The peer broke the protocol.
        public static let protocolViolation = Code(rawValue: "protocolViolation")
        /// A request ended its channel with a reply code that has no code of its own here: see `reply`.
        public static let channelClosedByPeer = Code(rawValue: "channelClosedByPeer")
        /// There is no such queue or exchange (404, ends the channel); `entity` tells which.
        public static let notFound = Code(rawValue: "notFound")
        /// The user may not do this, or a name is reserved (403, ends the channel); `entity` tells where.
        public static let accessRefused = Code(rawValue: "accessRefused")
        /// The queue belongs to another connection alone (405, ends the channel).
        public static let resourceLocked = Code(rawValue: "resourceLocked")
        /// A declaration differs from what exists, an argument is not valid, or a queue is in use or not empty (406,
        /// ends the channel); `difference` and `argument` tell which.
        public static let preconditionFailed = Code(rawValue: "preconditionFailed")
        /// Closed by this program.
        public static let closed = Code(rawValue: "closed")
        /// Every channel number is in use.
        public static let channelsExhausted = Code(rawValue: "channelsExhausted")
        /// There is no connection at the moment, and the settings say not to wait for one, or no longer.
        public static let notConnected = Code(rawValue: "notConnected")
        /// The broker takes no publishes at the moment, and the settings say not to wait, or no longer; the message of
        /// the error says why. Nothing was sent.
        public static let blocked = Code(rawValue: "blocked")

        // Requests and messages.
        /// An argument cannot be sent as it is.
        public static let invalidArgument = Code(rawValue: "invalidArgument")
        /// The task was cancelled.
        public static let cancelled = Code(rawValue: "cancelled")
        /// No answer in time.
        public static let timeout = Code(rawValue: "timeout")
        /// The broker refused the message (nack).
        public static let publishRefused = Code(rawValue: "publishRefused")
        /// The message was mandatory and no queue took it.
        public static let publishReturned = Code(rawValue: "publishReturned")
        /// Deliveries that nobody takes stand in the way of the answer: nothing was sent, or the connection was given up.
        public static let unreadDeliveries = Code(rawValue: "unreadDeliveries")
        /// The connection was lost in the middle of a transaction: the broker has rolled it back.
        public static let transactionLost = Code(rawValue: "transactionLost")
        /// Whether the broker has the message is not known.
        public static let publishUnknown = Code(rawValue: "publishUnknown")
        /// This delivery was acknowledged or rejected before.
        public static let alreadySettled = Code(rawValue: "alreadySettled")
        /// The broker ended the consumer; usually its queue was deleted.
        public static let consumerCancelled = Code(rawValue: "consumerCancelled")
    }

    /// One reference, since every call that may throw makes room for its error.
    private var details: Details

    private final class Details: Sendable, Hashable {
        let code: Code
        let message: String
        let reply: PeerReply?
        let host: String?
        let virtualHost: String?
        let verdict: Verdict?

        init(
            _ code: Code, _ message: String, reply: PeerReply?, host: String?, virtualHost: String?,
            verdict: Verdict?
        ) {
            self.code = code
            self.message = message
            self.reply = reply
            self.host = host
            self.virtualHost = virtualHost
            self.verdict = verdict
        }

        static func == (one: Details, other: Details) -> Bool {
            one.code == other.code && one.message == other.message && one.reply == other.reply
                && one.host == other.host && one.virtualHost == other.virtualHost && one.verdict == other.verdict
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(code)
            hasher.combine(message)
        }
    }

    /// Puts the parts together, for tests and for errors of your own.
    public init(
        _ code: Code, _ message: String, reply: PeerReply? = nil, host: String? = nil, virtualHost: String? = nil
    ) {
        details = Details(code, message, reply: reply, host: host, virtualHost: virtualHost, verdict: nil)
    }

    private mutating func change(
        code: Code? = nil, message: String? = nil, reply: PeerReply?? = nil, host: String?? = nil,
        virtualHost: String?? = nil, verdict: Verdict?? = nil
    ) {
        details = Details(
            code ?? details.code, message ?? details.message, reply: reply ?? details.reply,
            host: host ?? details.host, virtualHost: virtualHost ?? details.virtualHost,
            verdict: verdict ?? details.verdict)
    }

    /// For the program.
    public var code: Code {
        get { details.code }
        set { change(code: newValue) }
    }
    /// For a person: what went wrong, and what can be done.
    public var message: String {
        get { details.message }
        set { change(message: newValue) }
    }
    /// What the peer said, if it said something.
    public var reply: PeerReply? {
        get { details.reply }
        set { change(reply: .some(newValue)) }
    }
    /// `host:port` of the peer, where one is meant.
    public var host: String? {
        get { details.host }
        set { change(host: .some(newValue)) }
    }
    /// The virtual host, where one is meant.
    public var virtualHost: String? {
        get { details.virtualHost }
        set { change(virtualHost: .some(newValue)) }
    }
    /// What to tell the peer when this error ends the connection.
    package var verdict: Verdict? {
        get { details.verdict }
        set { change(verdict: .some(newValue)) }
    }

    public var description: String {
        var text = message
        if let reply { text += ": \(reply)" }
        if let host, !text.contains(host) { text += " [\(host)]" }
        return text
    }
}

/// The arguments of the connection.close with which an endpoint answers a peer that breaks the protocol.
package struct Verdict: Hashable, Sendable {
    package var code: ReplyCode
    package var method: MethodID

    package init(code: ReplyCode, method: MethodID = MethodID(class: 0, method: 0)) {
        self.code = code
        self.method = method
    }
}

extension AMQPError {
    /// The peer broke the protocol in `method`.
    package static func syntax(
        _ message: String, _ code: ReplyCode = .syntaxError, _ method: MethodID = MethodID(class: 0, method: 0)
    ) -> AMQPError {
        var error = AMQPError(.protocolViolation, "the peer broke the protocol: \(message)")
        error.verdict = Verdict(code: code, method: method)
        return error
    }

    package static func argument(_ message: String) -> AMQPError { AMQPError(.invalidArgument, message) }
}
