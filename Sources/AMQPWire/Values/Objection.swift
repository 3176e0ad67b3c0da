// What a broker objects to, read out of its reply text. The texts are RabbitMQ's, 3.10 to 4; whatever has another form
// reads as nil, and the text itself always stays in `reply`.

/// A queue, exchange or virtual host that a broker names.
public struct AMQPEntity: Hashable, Sendable, CustomStringConvertible {
    /// What it is.
    public enum Kind: String, Hashable, Sendable {
        /// A queue or a stream.
        case queue
        /// An exchange.
        case exchange
        /// A virtual host.
        case virtualHost
    }

    /// What it is.
    public var kind: Kind
    /// Its name.
    public var name: String
    /// Where it is; nil for a virtual host, and where the broker does not say.
    public var virtualHost: String?

    /// Puts the parts together.
    public init(_ kind: Kind, _ name: String, virtualHost: String? = nil) {
        self.kind = kind
        self.name = name
        self.virtualHost = virtualHost
    }

    public var description: String {
        switch kind {
        case .queue, .exchange:
            "\(kind.rawValue) '\(name)'" + (virtualHost.map { " in virtual host '\($0)'" } ?? "")
        case .virtualHost: "virtual host '\(name)'"
        }
    }
}

/// An argument in which a declaration differs from what exists, `durable` or `x-message-ttl` for example.
public struct ArgumentDifference: Hashable, Sendable {
    /// The argument's name.
    public var argument: String
    /// What has it.
    public var entity: AMQPEntity?
    /// What this client declared, as the broker writes it; nil: it did not set the argument.
    public var received: String?
    /// What the entity has, as the broker writes it; nil: the argument is not set.
    public var current: String?

    /// Puts the parts together.
    public init(argument: String, entity: AMQPEntity?, received: String?, current: String?) {
        self.argument = argument
        self.entity = entity
        self.received = received
        self.current = current
    }
}

extension PeerReply {
    /// The queue, exchange or virtual host that the text names first.
    public var entity: AMQPEntity? {
        let marks: [(String, AMQPEntity.Kind)] = [
            ("queue '", .queue), ("exchange '", .exchange), ("queue name '", .queue), ("exchange name '", .exchange),
            ("vhost '", .virtualHost), ("vhost ", .virtualHost), ("Stream not found for queue '", .queue),
        ]
        var found: (start: String.Index, kind: AMQPEntity.Kind, isQuoted: Bool)?
        for (mark, kind) in marks {
            guard let range = text.firstRange(of: mark), found.map({ range.upperBound < $0.start }) ?? true else {
                continue
            }
            found = (range.upperBound, kind, mark.hasSuffix("'"))
        }
        guard let (start, kind, isQuoted) = found else { return nil }
        let rest = text[start...]
        guard kind != .virtualHost else {
            let name = rest.prefix { $0 != (isQuoted ? "'" : " ") }
            return AMQPEntity(kind, String(name))
        }
        if let end = rest.firstRange(of: "' in vhost '") {
            let host = rest[end.upperBound...].prefix { $0 != "'" }
            return AMQPEntity(kind, String(rest[..<end.lowerBound]), virtualHost: String(host))
        }
        return AMQPEntity(kind, String(rest.prefix { $0 != "'" }))
    }

    /// The argument that the text names, whether it differs or is not valid.
    public var argument: String? {
        guard let range = text.firstRange(of: " arg '") ?? text.firstRange(of: " property '") else { return nil }
        let rest = text[range.upperBound...]
        return rest.firstIndex(of: "'").map { String(rest[..<$0]) }
    }

    /// The argument in which a declaration differs from what exists.
    public var difference: ArgumentDifference? {
        guard text.contains("inequivalent arg '"), let argument,
            let received = text.firstRange(of: ": received "),
            let current = text[received.upperBound...].firstRange(of: " but current is ")
        else { return nil }
        return ArgumentDifference(
            argument: argument, entity: entity,
            received: Self.value(text[received.upperBound..<current.lowerBound]),
            current: Self.value(text[current.upperBound...]))
    }

    /// `none`, `'true'` or `the value '60000' of type 'long'`.
    private static func value(_ text: Substring) -> String? {
        if text == "none" || text == "undefined" { return nil }
        var value = text
        if value.hasPrefix("the value ") {
            value = value.dropFirst("the value ".count)
            if let type = value.firstRange(of: " of type '") { value = value[..<type.lowerBound] }
        }
        if value.count > 1, value.first == "'", value.last == "'" { value = value.dropFirst().dropLast() }
        return String(value)
    }
}

extension AMQPError {
    /// The argument in which a declaration differs from what exists, for `.preconditionFailed`.
    public var difference: ArgumentDifference? { reply?.difference }

    /// The argument that the broker objects to, because it differs or is not valid.
    public var argument: String? { reply?.argument }

    /// The queue, exchange or virtual host that the broker objects to.
    public var entity: AMQPEntity? { reply?.entity }

    /// The error for what ended a channel.
    package static func channelClosed(_ reply: PeerReply) -> AMQPError {
        let entity = reply.entity
        switch reply.code {
        case .notFound:
            return AMQPError(
                .notFound, entity.map { "there is no \($0)" } ?? "what was asked for does not exist", reply: reply)
        case .accessRefused:
            let what = entity.map { "access to \($0)" } ?? "access"
            return AMQPError(.accessRefused, "the broker refuses \(what)", reply: reply)
        case .resourceLocked:
            let what = entity.map { "\($0)" } ?? "what was asked for"
            return AMQPError(.resourceLocked, "\(what) belongs to another connection alone", reply: reply)
        case .preconditionFailed:
            return AMQPError(.preconditionFailed, precondition(reply), reply: reply)
        default: return AMQPError(.channelClosedByPeer, "the server closed the channel", reply: reply)
        }
    }

    private static func precondition(_ reply: PeerReply) -> String {
        func shown(_ value: String?) -> String { value ?? "none" }
        if let difference = reply.difference {
            let entity = difference.entity.map { "\($0)" } ?? "it"
            return "\(entity) exists with another \(difference.argument): \(shown(difference.current)), "
                + "not \(shown(difference.received))"
        }
        if let argument = reply.argument {
            return "the broker does not take \(argument)" + (reply.entity.map { " for \($0)" } ?? "")
        }
        return "a precondition of the request does not hold"
    }
}
