/// The properties of a message (class basic of AMQP 0-9-1). What is nil is not sent: absent is not zero, nor empty.
public struct BasicProperties: Hashable, Sendable {
    /// Whether the broker writes the message to disk.
    public struct DeliveryMode: RawRepresentable, Hashable, Sendable {
        public var rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// In memory; it is gone when the broker restarts.
        public static let transient = DeliveryMode(rawValue: 1)
        /// On disk, if its queue is durable.
        public static let persistent = DeliveryMode(rawValue: 2)
    }

    /// The properties that are short strings.
    public enum Text: Hashable, Sendable {
        /// `content-type`
        case contentType
        /// `content-encoding`
        case contentEncoding
        /// `correlation-id`
        case correlationID
        /// `reply-to`
        case replyTo
        /// `expiration`
        case expiration
        /// `message-id`
        case messageID
        /// `type`
        case type
        /// `user-id`
        case userID
        /// `app-id`
        case appID
        /// `cluster-id`
        case clusterID
    }

    /// The MIME type of the body, such as `application/json`. The broker does not look at it.
    public var contentType: String?
    /// How the body is encoded, such as `gzip`. The broker does not look at it.
    public var contentEncoding: String?
    /// Fields of the application, and those that the broker adds, such as `x-death`.
    public var headers: FieldTable?
    /// Whether the broker writes the message to disk; nil is transient.
    public var deliveryMode: DeliveryMode?
    /// 0 to 9
    public var priority: UInt8?
    /// The request that an answer belongs to.
    public var correlationID: String?
    /// The queue to which the answer goes.
    public var replyTo: String?
    /// Milliseconds, in decimal digits.
    public var expiration: String?
    /// Tells messages apart, for example to drop one that came twice.
    public var messageID: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    /// What kind of message it is, in the application's own words.
    public var type: String?
    /// The broker checks that it is the name of the publishing user.
    public var userID: String?
    /// The program that published it.
    public var appID: String?
    /// Has no meaning any more (deprecated in AMQP 0-9-1).
    public var clusterID: String?

    /// What was received in a short string that is not UTF-8, and what its property shows instead.
    private var binary: [Text: Binary]?

    private struct Binary: Hashable, Sendable {
        var octets: [UInt8]
        var shown: String
    }

    /// The given properties; the others are absent.
    public init(
        contentType: String? = nil, contentEncoding: String? = nil, headers: FieldTable? = nil,
        deliveryMode: DeliveryMode? = nil, priority: UInt8? = nil, correlationID: String? = nil,
        replyTo: String? = nil, expiration: String? = nil, messageID: String? = nil, timestamp: UInt64? = nil,
        type: String? = nil, userID: String? = nil, appID: String? = nil, clusterID: String? = nil
    ) {
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.headers = headers
        self.deliveryMode = deliveryMode
        self.priority = priority
        self.correlationID = correlationID
        self.replyTo = replyTo
        self.expiration = expiration
        self.messageID = messageID
        self.timestamp = timestamp
        self.type = type
        self.userID = userID
        self.appID = appID
        self.clusterID = clusterID
    }

    /// The property's octets: those received when they were not UTF-8 and the property was not changed since.
    public func octets(of property: Text) -> [UInt8]? {
        guard let text = self[property] else { return nil }
        if let original = binary?[property], original.shown == text { return original.octets }
        return Array(text.utf8)
    }

    /// Sets a property to octets that need not be UTF-8; the `String` property then shows them repaired.
    public mutating func setOctets(_ octets: [UInt8], of property: Text) {
        let shown = String(decoding: octets, as: UTF8.self)
        self[property] = shown
        if String(validating: octets, as: UTF8.self) == nil {
            binary = (binary ?? [:])
            binary?[property] = Binary(octets: octets, shown: shown)
        }
    }

    package var holdsBinary: Bool { binary != nil }

    package subscript(property: Text) -> String? {
        get {
            switch property {
            case .contentType: contentType
            case .contentEncoding: contentEncoding
            case .correlationID: correlationID
            case .replyTo: replyTo
            case .expiration: expiration
            case .messageID: messageID
            case .type: type
            case .userID: userID
            case .appID: appID
            case .clusterID: clusterID
            }
        }
        set {
            switch property {
            case .contentType: contentType = newValue
            case .contentEncoding: contentEncoding = newValue
            case .correlationID: correlationID = newValue
            case .replyTo: replyTo = newValue
            case .expiration: expiration = newValue
            case .messageID: messageID = newValue
            case .type: type = newValue
            case .userID: userID = newValue
            case .appID: appID = newValue
            case .clusterID: clusterID = newValue
            }
        }
    }
}
