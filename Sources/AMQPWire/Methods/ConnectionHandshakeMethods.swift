import Bytes

/// Opens the conversation: what the server is and how one may log in.
package struct ConnectionStart: MethodPayload {
    package static let id = MethodID(class: 10, method: 10)

    package var versionMajor: UInt8
    package var versionMinor: UInt8
    package var serverProperties: FieldTable
    package var mechanisms: [UInt8]
    package var locales: [UInt8]

    package init(
        versionMajor: UInt8 = 0, versionMinor: UInt8 = 9, serverProperties: FieldTable = [:],
        mechanisms: [UInt8] = Array("PLAIN".utf8), locales: [UInt8] = Array("en_US".utf8)
    ) {
        self.versionMajor = versionMajor
        self.versionMinor = versionMinor
        self.serverProperties = serverProperties
        self.mechanisms = mechanisms
        self.locales = locales
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        versionMajor = try reader.octet()
        versionMinor = try reader.octet()
        serverProperties = try reader.table()
        mechanisms = try reader.longString()
        locales = try reader.longString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: versionMajor)
        buffer.append(integer: versionMinor)
        try buffer.append(table: serverProperties)
        try buffer.append(longString: mechanisms)
        try buffer.append(longString: locales)
    }
}

/// Answers start: what the client is, and its first SASL response.
package struct ConnectionStartOk: MethodPayload {
    package static let id = MethodID(class: 10, method: 11)

    package var clientProperties: FieldTable
    package var mechanism: String
    package var response: [UInt8]
    package var locale: String

    package init(
        clientProperties: FieldTable = [:], mechanism: String = "PLAIN", response: [UInt8] = [],
        locale: String = "en_US"
    ) {
        self.clientProperties = clientProperties
        self.mechanism = mechanism
        self.response = response
        self.locale = locale
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        clientProperties = try reader.table()
        mechanism = try reader.shortString()
        response = try reader.longString()
        locale = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(table: clientProperties)
        try buffer.append(shortString: mechanism, "mechanism")
        try buffer.append(longString: response)
        try buffer.append(shortString: locale, "locale")
    }
}

/// A SASL challenge.
package struct ConnectionSecure: MethodPayload {
    package static let id = MethodID(class: 10, method: 20)

    package var challenge: [UInt8]

    package init(challenge: [UInt8] = []) {
        self.challenge = challenge
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        challenge = try reader.longString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(longString: challenge)
    }
}

/// The answer to a SASL challenge.
package struct ConnectionSecureOk: MethodPayload {
    package static let id = MethodID(class: 10, method: 21)

    package var response: [UInt8]

    package init(response: [UInt8] = []) {
        self.response = response
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        response = try reader.longString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(longString: response)
    }
}

/// Proposes limits. 0 means no limit; `heartbeat` is in seconds.
package struct ConnectionTune: MethodPayload {
    package static let id = MethodID(class: 10, method: 30)

    package var channelMax: UInt16
    package var frameMax: UInt32
    package var heartbeat: UInt16

    package init(channelMax: UInt16 = 0, frameMax: UInt32 = 0, heartbeat: UInt16 = 0) {
        self.channelMax = channelMax
        self.frameMax = frameMax
        self.heartbeat = heartbeat
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        channelMax = try reader.short()
        frameMax = try reader.long()
        heartbeat = try reader.short()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: channelMax)
        buffer.append(integer: frameMax)
        buffer.append(integer: heartbeat)
    }
}

/// Settles the limits. `heartbeat` is in seconds.
package struct ConnectionTuneOk: MethodPayload {
    package static let id = MethodID(class: 10, method: 31)

    package var channelMax: UInt16
    package var frameMax: UInt32
    package var heartbeat: UInt16

    package init(channelMax: UInt16 = 0, frameMax: UInt32 = 0, heartbeat: UInt16 = 0) {
        self.channelMax = channelMax
        self.frameMax = frameMax
        self.heartbeat = heartbeat
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        channelMax = try reader.short()
        frameMax = try reader.long()
        heartbeat = try reader.short()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        buffer.append(integer: channelMax)
        buffer.append(integer: frameMax)
        buffer.append(integer: heartbeat)
    }
}

/// Asks for a virtual host.
package struct ConnectionOpen: MethodPayload {
    package static let id = MethodID(class: 10, method: 40)

    package var virtualHost: String
    package var capabilities: String
    package var insist: Bool

    package init(virtualHost: String = "/", capabilities: String = "", insist: Bool = false) {
        self.virtualHost = virtualHost
        self.capabilities = capabilities
        self.insist = insist
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        virtualHost = try reader.shortString()
        capabilities = try reader.shortString()
        let bits = try reader.octet()
        insist = bits & 1 != 0
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: virtualHost, "virtual-host")
        try buffer.append(shortString: capabilities, "capabilities")
        buffer.append(bits: insist)
    }
}

/// Grants the virtual host.
package struct ConnectionOpenOk: MethodPayload {
    package static let id = MethodID(class: 10, method: 41)

    package var knownHosts: String

    package init(knownHosts: String = "") {
        self.knownHosts = knownHosts
    }

    package init(from reader: inout ArgumentReader) throws(AMQPError) {
        knownHosts = try reader.shortString()
    }

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {
        try buffer.append(shortString: knownHosts, "known-hosts")
    }
}
