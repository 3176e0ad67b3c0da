import Bytes

/// What a client brings to the handshake.
package struct HandshakeSettings: Sendable {
    package var username = "guest"
    package var password = "guest"
    package var virtualHost = "/"
    /// In the order of preference.
    package var mechanisms: [AuthenticationMechanism] = [.plain, .amqplain]
    package var wishes = Tuning()
    /// Shown by the broker's management pages.
    package var connectionName: String?
    /// Added to the client's own properties.
    package var properties: FieldTable = [:]

    package init() {}

    var clientProperties: FieldTable {
        var table: FieldTable = [
            "product": "Delivery AMQP", "platform": "Swift",
            "capabilities": [
                "publisher_confirms": true, "consumer_cancel_notify": true, "exchange_exchange_bindings": true,
                "basic.nack": true, "connection.blocked": true, "authentication_failure_close": true,
                "per_consumer_qos": true,
            ],
        ]
        if let connectionName { table["connection_name"] = .string(connectionName) }
        for field in properties { table[field.name] = field.value }
        return table
    }
}

/// Channel 0 of a connection, from the protocol header to close-ok: octets in, actions and octets out, no I/O.
package struct ConnectionMachine: Sendable {
    package enum Action: Equatable, Sendable {
        case none
        /// The handshake is done.
        case opened(Tuning)
        /// The broker takes no publishes until `unblocked`.
        case blocked(reason: String)
        case unblocked
        /// The peer answered the update-secret that has waited longest.
        case secretUpdated
        /// The peer closed; close-ok is in the output: flush it and close the socket.
        case closedByPeer(PeerReply)
        /// The peer answered this side's close: close the socket.
        case closed
    }

    package enum State: Equatable, Sendable {
        case awaitingStart, awaitingTune, awaitingOpenOK, open, closing, closed
    }

    /// A password that changes before the server has asked for it is the one that is sent.
    package var settings: HandshakeSettings
    package private(set) var state = State.awaitingStart
    package private(set) var tuning = Tuning()
    package private(set) var serverProperties = FieldTable()
    /// update-secret that has no answer yet.
    private var secretsPending = 0
    private var mechanism: AuthenticationMechanism?

    /// Begins: the protocol header goes out.
    package init(_ settings: HandshakeSettings, _ out: inout ByteBuffer) {
        self.settings = settings
        out.appendProtocolHeader()
    }

    package var isOpen: Bool { state == .open }

    /// Looks at the first octets that a peer sends, before they are parsed as frames: a server of another kind is named.
    package func inspect(first bytes: UnsafeRawBufferPointer) throws(AMQPError) {
        guard state == .awaitingStart, bytes.count >= 4 else { return }
        if bytes.starts(with: "AMQP".utf8) {
            guard bytes.count >= 8 else { return }
            let version = bytes[4..<8].map { String($0) }.joined(separator: ".")
            throw AMQPError(.versionMismatch, "the server does not speak AMQP 0-9-1; it offers AMQP \(version)")
        }
        if bytes[0] == 0x15 || bytes[0] == 0x16, bytes[1] == 3 {
            throw AMQPError(.tlsMismatch, "the server expects TLS on this port: use amqps:// or its plain port")
        }
        if Frame.Kind(rawValue: bytes[0]) == nil {
            throw AMQPError(.notAMQP, "what listens there is not an AMQP server")
        }
    }

    /// Takes a frame of channel 0.
    package mutating func receive(_ frame: Frame, _ out: inout ByteBuffer) throws(AMQPError) -> Action {
        if frame.kind == .heartbeat { return .none }
        guard frame.channel == 0 else { throw .syntax("a frame for a channel that is not open", .channelError) }
        guard frame.kind == .method else {
            if state == .closing || state == .closed { return .none }
            throw .syntax("content on channel 0", .unexpectedFrame)
        }
        let method = try Method(payload: frame.payload)
        switch (state, method) {
        case (.closed, _): return .none
        case (_, .connectionClose(let close)): return try closed(by: close, &out)
        case (.closing, .connectionCloseOk):
            state = .closed
            return .closed
        case (.closing, _): return .none
        case (.awaitingStart, .connectionStart(let start)): try answer(start, &out)
        case (.awaitingTune, .connectionSecure): try answerChallenge(&out)
        case (.awaitingTune, .connectionTune(let tune)): try answer(tune, &out)
        case (.awaitingOpenOK, .connectionOpenOk):
            state = .open
            return .opened(tuning)
        case (.open, .connectionBlocked(let blocked)): return .blocked(reason: blocked.reason)
        case (.open, .connectionUnblocked): return .unblocked
        case (.open, .connectionUpdateSecretOk) where secretsPending > 0:
            secretsPending -= 1
            return .secretUpdated
        default: throw .syntax("\(method.id) at this point", .commandInvalid, method.id)
        }
        return .none
    }

    private mutating func answer(_ start: ConnectionStart, _ out: inout ByteBuffer) throws(AMQPError) {
        guard start.versionMajor == 0, start.versionMinor == 9 else {
            throw AMQPError(
                .versionMismatch, "the server speaks AMQP \(start.versionMajor)-\(start.versionMinor), not 0-9-1")
        }
        serverProperties = start.serverProperties
        let offered = String(decoding: start.mechanisms, as: UTF8.self).split(separator: " ")
        guard let mechanism = settings.mechanisms.first(where: { offered.contains($0.rawValue[...]) }) else {
            let wanted = settings.mechanisms.map(\.rawValue).joined(separator: ", ")
            let text = offered.joined(separator: ", ")
            throw AMQPError(.mechanism, "the server offers \(text); the settings allow only \(wanted)")
        }
        let response = try mechanism.response(username: settings.username, password: settings.password)
        try out.append(
            ConnectionStartOk(
                clientProperties: settings.clientProperties, mechanism: mechanism.rawValue, response: response),
            channel: 0)
        self.mechanism = mechanism
        state = .awaitingTune
    }

    /// None of the mechanisms has a second step.
    private func answerChallenge(_ out: inout ByteBuffer) throws(AMQPError) {
        throw AMQPError(.mechanism, "the server asks a challenge that PLAIN, AMQPLAIN and EXTERNAL do not have")
    }

    private mutating func answer(_ tune: ConnectionTune, _ out: inout ByteBuffer) throws(AMQPError) {
        tuning = try settings.wishes.negotiated(with: tune)
        try out.append(
            ConnectionTuneOk(
                channelMax: tuning.channelMax, frameMax: tuning.frameMax, heartbeat: tuning.heartbeat), channel: 0)
        try out.append(ConnectionOpen(virtualHost: settings.virtualHost), channel: 0)
        state = .awaitingOpenOK
    }

    /// Why the virtual host cannot be entered, as far as RabbitMQ's text tells.
    private func refusal(_ reply: PeerReply) -> String {
        let host = settings.virtualHost
        if reply.text.contains("not found") { return "there is no virtual host '\(host)' on the server" }
        if reply.text.contains("limit") { return "virtual host '\(host)' or user \(settings.username) is at its limit" }
        if reply.text.contains("is down") { return "virtual host '\(host)' is down" }
        if reply.text.contains("refused") { return "user \(settings.username) may not enter virtual host '\(host)'" }
        return "the server refuses virtual host '\(host)'"
    }

    private mutating func closed(by close: ConnectionClose, _ out: inout ByteBuffer) throws(AMQPError) -> Action {
        try out.append(ConnectionCloseOk(), channel: 0)
        let before = state
        // Both sides may close at once: this side's close-ok is still to come.
        guard before != .closing else { return .none }
        state = .closed
        let reply = PeerReply(
            code: close.replyCode, text: close.replyText, classID: close.classID, methodID: close.methodID)
        switch before {
        case .awaitingTune:
            let who = mechanism == .external ? "the user of the client certificate" : "user \(settings.username)"
            throw AMQPError(.authentication, "the server refuses \(who)", reply: reply)
        case .awaitingOpenOK where [403, 404, 402, 530].contains(close.replyCode):
            throw AMQPError(.virtualHost, refusal(reply), reply: reply, virtualHost: settings.virtualHost)
        default: return .closedByPeer(reply)
        }
    }

    /// Replaces the password of the open connection; the answers come in the order of the calls.
    package mutating func updateSecret(_ secret: String, reason: String, _ out: inout ByteBuffer) throws(AMQPError) {
        try out.append(ConnectionUpdateSecret(newSecret: Array(secret.utf8), reason: reason), channel: 0)
        secretsPending += 1
    }

    /// Closes from this side. True if a close went out and its answer is to be awaited.
    package mutating func close(
        code: ReplyCode = .success, text: String = "", method: MethodID = MethodID(class: 0, method: 0),
        _ out: inout ByteBuffer
    ) throws(AMQPError) -> Bool {
        switch state {
        case .closing, .closed: return false
        case .awaitingStart:
            state = .closed
            return false
        case .awaitingTune, .awaitingOpenOK, .open:
            state = .closing
            try out.append(
                ConnectionClose(
                    replyCode: code.rawValue, replyText: text, classID: method.classID, methodID: method.methodID),
                channel: 0)
            return true
        }
    }

    /// What it means that the stream ended now.
    package func endOfStream() -> AMQPError? {
        switch state {
        case .closed, .closing: nil
        case .awaitingStart:
            AMQPError(
                .connectionLost, "the server closed the connection before it said anything; is it an AMQP server?")
        case .awaitingTune:
            if serverProperties["capabilities"]?.table?["authentication_failure_close"]?.bool == true {
                AMQPError(.connectionLost, "the server closed the connection during the login")
            } else {
                AMQPError(
                    .authentication,
                    "the server closed the connection during the login: wrong password for \(settings.username)?")
            }
        case .awaitingOpenOK:
            AMQPError(
                .connectionLost, "the server closed the connection while opening \(settings.virtualHost)",
                virtualHost: settings.virtualHost)
        case .open: AMQPError(.connectionLost, "the server closed the connection without a word")
        }
    }
}
