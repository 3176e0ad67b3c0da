/// A reply code of AMQP 0-9-1 (section 1.2 of the specification's reference).
public struct ReplyCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Nothing is wrong: a normal close.
    public static let success = ReplyCode(rawValue: 200)
    /// The body is larger than the peer accepts.
    public static let contentTooLarge = ReplyCode(rawValue: 311)
    /// A mandatory message that no queue took.
    public static let noRoute = ReplyCode(rawValue: 312)
    /// An immediate message without a consumer that could take it at once.
    public static let noConsumers = ReplyCode(rawValue: 313)
    /// An operator, or the shutdown of the broker, closed the connection.
    public static let connectionForced = ReplyCode(rawValue: 320)
    /// The virtual host does not exist.
    public static let invalidPath = ReplyCode(rawValue: 402)
    /// The user may not do that.
    public static let accessRefused = ReplyCode(rawValue: 403)
    /// There is no such queue, exchange or binding.
    public static let notFound = ReplyCode(rawValue: 404)
    /// The queue is exclusive to another connection.
    public static let resourceLocked = ReplyCode(rawValue: 405)
    /// It exists with other arguments, is in use or not empty, or a delivery tag is not known.
    public static let preconditionFailed = ReplyCode(rawValue: 406)
    /// A frame could not be decoded.
    public static let frameError = ReplyCode(rawValue: 501)
    /// A frame held an illegal value.
    public static let syntaxError = ReplyCode(rawValue: 502)
    /// A method came out of its order.
    public static let commandInvalid = ReplyCode(rawValue: 503)
    /// A frame for a channel that is not open.
    public static let channelError = ReplyCode(rawValue: 504)
    /// A frame that may not come here.
    public static let unexpectedFrame = ReplyCode(rawValue: 505)
    /// The peer is short of something, such as memory.
    public static let resourceError = ReplyCode(rawValue: 506)
    /// The settings of the peer forbid it.
    public static let notAllowed = ReplyCode(rawValue: 530)
    /// The peer does not have it.
    public static let notImplemented = ReplyCode(rawValue: 540)
    /// The peer has failed.
    public static let internalError = ReplyCode(rawValue: 541)

    /// Whether the specification lets this code end a connection (a hard error) rather than one channel.
    public var endsConnection: Bool {
        switch rawValue {
        case 320, 402, 501...506, 530, 540, 541: true
        default: false
        }
    }

    public var description: String { "\(rawValue)" }
}

/// What the peer said when it closed a channel or a connection, or gave back a message.
public struct PeerReply: Hashable, Sendable, CustomStringConvertible {
    /// Why.
    public var code: ReplyCode
    /// The peer's own words.
    public var text: String
    /// The method that the peer objects to, such as `queue.declare`.
    public var method: String?

    /// Puts the parts together.
    public init(code: ReplyCode, text: String, method: String? = nil) {
        self.code = code
        self.text = text
        self.method = method
    }

    package init(code: UInt16, text: String, classID: UInt16, methodID: UInt16) {
        self.code = ReplyCode(rawValue: code)
        self.text = text
        method = classID == 0 ? nil : MethodID(class: classID, method: methodID).name
    }

    public var description: String {
        method.map { "\(code) \(text) (\($0))" } ?? "\(code) \(text)"
    }
}

/// The class and method numbers that start every method frame.
package struct MethodID: Hashable, Sendable, CustomStringConvertible {
    package var classID: UInt16
    package var methodID: UInt16

    package init(class classID: UInt16, method methodID: UInt16) {
        self.classID = classID
        self.methodID = methodID
    }

    /// The switch over ids runs for every frame.
    package static func ~= (pattern: MethodID, value: MethodID) -> Bool {
        pattern.classID == value.classID && pattern.methodID == value.methodID
    }

    package var description: String { name }
}
