import Bytes

//  A content header's payload:
//
//  0        2        4                       12      14
//  +--------+--------+-----------------------+-------+------------------------
//  | class  | weight | size of the body, u64 | flags | the properties present
//  +--------+--------+-----------------------+-------+------------------------
//
//  Flags go from bit 15 (content-type) down to bit 2 (cluster-id); bit 0 says that another word of flags follows.

/// A content header without its properties decoded.
package struct ContentHeader {
    package var classID: UInt16
    package var bodySize: UInt64
    /// Flags and properties, in place.
    package var properties: UnsafeRawBufferPointer

    package init(payload: UnsafeRawBufferPointer) throws(AMQPError) {
        var reader = ArgumentReader(payload)
        classID = try reader.short()
        _ = try reader.short()
        bodySize = try reader.longLong()
        properties = try reader.bytes(reader.remaining)
    }
}

private enum Flag {
    static let contentType: UInt16 = 1 << 15
    static let contentEncoding: UInt16 = 1 << 14
    static let headers: UInt16 = 1 << 13
    static let deliveryMode: UInt16 = 1 << 12
    static let priority: UInt16 = 1 << 11
    static let correlationID: UInt16 = 1 << 10
    static let replyTo: UInt16 = 1 << 9
    static let expiration: UInt16 = 1 << 8
    static let messageID: UInt16 = 1 << 7
    static let timestamp: UInt16 = 1 << 6
    static let type: UInt16 = 1 << 5
    static let userID: UInt16 = 1 << 4
    static let appID: UInt16 = 1 << 3
    static let clusterID: UInt16 = 1 << 2
    static let more: UInt16 = 1
}

extension ArgumentReader {
    /// The first word of flags; later words hold none that the specification defines.
    fileprivate mutating func propertyFlags() throws(AMQPError) -> UInt16 {
        let first = try short()
        var last = first
        while last & Flag.more != 0 { last = try short() }
        return first
    }

    private mutating func text(_ property: BasicProperties.Text, of properties: inout BasicProperties)
        throws(AMQPError)
    {
        let octets = try shortStringBytes()
        if let text = String(validating: octets, as: UTF8.self) {
            properties[property] = text
        } else {
            properties.setOctets([UInt8](octets), of: property)
        }
    }

    /// Reads flags and properties. What follows the last known property is ignored, as the specification asks.
    package mutating func properties() throws(AMQPError) -> BasicProperties {
        let flags = try propertyFlags()
        var properties = BasicProperties()
        if flags & Flag.contentType != 0 { try text(.contentType, of: &properties) }
        if flags & Flag.contentEncoding != 0 { try text(.contentEncoding, of: &properties) }
        if flags & Flag.headers != 0 { properties.headers = try table() }
        if flags & Flag.deliveryMode != 0 { properties.deliveryMode = .init(rawValue: try octet()) }
        if flags & Flag.priority != 0 { properties.priority = try octet() }
        if flags & Flag.correlationID != 0 { try text(.correlationID, of: &properties) }
        if flags & Flag.replyTo != 0 { try text(.replyTo, of: &properties) }
        if flags & Flag.expiration != 0 { try text(.expiration, of: &properties) }
        if flags & Flag.messageID != 0 { try text(.messageID, of: &properties) }
        if flags & Flag.timestamp != 0 { properties.timestamp = try longLong() }
        if flags & Flag.type != 0 { try text(.type, of: &properties) }
        if flags & Flag.userID != 0 { try text(.userID, of: &properties) }
        if flags & Flag.appID != 0 { try text(.appID, of: &properties) }
        if flags & Flag.clusterID != 0 { try text(.clusterID, of: &properties) }
        return properties
    }

    /// Checks flags and properties without building them: what passes can be read later without an error.
    package mutating func skipProperties() throws(AMQPError) {
        let flags = try propertyFlags()
        if flags & Flag.contentType != 0 { _ = try shortStringBytes() }
        if flags & Flag.contentEncoding != 0 { _ = try shortStringBytes() }
        if flags & Flag.headers != 0 { try skipTable() }
        if flags & Flag.deliveryMode != 0 { _ = try octet() }
        if flags & Flag.priority != 0 { _ = try octet() }
        let middle = Flag.correlationID | Flag.replyTo | Flag.expiration | Flag.messageID
        for _ in 0..<(flags & middle).nonzeroBitCount { _ = try shortStringBytes() }
        if flags & Flag.timestamp != 0 { _ = try longLong() }
        let last = Flag.type | Flag.userID | Flag.appID | Flag.clusterID
        for _ in 0..<(flags & last).nonzeroBitCount { _ = try shortStringBytes() }
    }
}

extension ByteBuffer {
    /// Appends flags and properties.
    package mutating func append(properties: borrowing BasicProperties) throws(AMQPError) {
        let start = count
        var flags: UInt16 = 0
        append(integer: flags)
        try append(.contentType, properties.contentType, Flag.contentType, &flags, properties)
        try append(.contentEncoding, properties.contentEncoding, Flag.contentEncoding, &flags, properties)
        if let headers = properties.headers {
            flags |= Flag.headers
            try append(table: headers)
        }
        if let mode = properties.deliveryMode {
            flags |= Flag.deliveryMode
            append(mode.rawValue)
        }
        if let priority = properties.priority {
            flags |= Flag.priority
            append(priority)
        }
        try append(.correlationID, properties.correlationID, Flag.correlationID, &flags, properties)
        try append(.replyTo, properties.replyTo, Flag.replyTo, &flags, properties)
        try append(.expiration, properties.expiration, Flag.expiration, &flags, properties)
        try append(.messageID, properties.messageID, Flag.messageID, &flags, properties)
        if let timestamp = properties.timestamp {
            flags |= Flag.timestamp
            append(integer: timestamp)
        }
        try append(.type, properties.type, Flag.type, &flags, properties)
        try append(.userID, properties.userID, Flag.userID, &flags, properties)
        try append(.appID, properties.appID, Flag.appID, &flags, properties)
        try append(.clusterID, properties.clusterID, Flag.clusterID, &flags, properties)
        set(integer: flags, at: start)
    }

    private mutating func append(
        _ property: BasicProperties.Text, _ text: String?, _ flag: UInt16, _ flags: inout UInt16,
        _ properties: borrowing BasicProperties
    ) throws(AMQPError) {
        guard let text else { return }
        flags |= flag
        if properties.holdsBinary, let octets = properties.octets(of: property) {
            guard octets.count <= 255 else { throw .tooLong("a property", octets.count) }
            append(UInt8(truncatingIfNeeded: octets.count))
            append(octets)
        } else {
            try append(shortString: text, "a property")
        }
    }
}
