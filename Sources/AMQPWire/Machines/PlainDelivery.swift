import Bytes

// The short way for deliveries whose frames are all there: most of a consumer's traffic.

extension ChannelMachine {
    struct Consumer {
        let tag: String
        let number: Int
        let acknowledges: Bool
        private let octets: [UInt8]
        private let word: UInt64?

        init(_ method: BasicConsume, number: Int) {
            tag = method.consumerTag
            self.number = number
            acknowledges = !method.noAck
            octets = Array(tag.utf8)
            word = octets.withUnsafeBytes { Self.word($0) }
        }

        func has(_ tag: UnsafeRawBufferPointer) -> Bool {
            if let word { return word == Self.word(tag) }
            return octets.withUnsafeBytes { $0.isEqual(to: tag) }
        }

        /// A short tag and its length as one number.
        private static func word(_ tag: UnsafeRawBufferPointer) -> UInt64? {
            guard tag.count < 8 else { return nil }
            return tag.reduce(UInt64(tag.count)) { $0 << 8 | UInt64($1) }
        }
    }

    /// A delivery in place: the octets are valid as long as those that were parsed.
    package struct PlainDelivery {
        /// nil: there is no such consumer, give it back
        package var consumer: Int?
        package var deliveryTag: UInt64
        package var redelivered: Bool
        package var exchange: UnsafeRawBufferPointer
        package var routingKey: UnsafeRawBufferPointer
        /// Flags and properties, checked.
        package var properties: UnsafeRawBufferPointer
        package var body: UnsafeRawBufferPointer
        /// Octets of the frames after the method's.
        package var octets: Int
    }

    /// The delivery at the front, if all of its frames are there and its body is in one of them. Else nothing changes, and
    /// `receive` takes the frames one by one: it gives the same deliveries, and tells the same errors.
    ///
    /// - Parameters:
    ///   - method: the first frame.
    ///   - rest: the octets after it.
    package mutating func deliver(
        _ method: Frame, followedBy rest: UnsafeRawBufferPointer, _ parser: FrameParser
    ) throws(AMQPError) -> PlainDelivery? {
        guard state == .open, assembly.isIdle, method.kind == .method, method.payload.count >= 16,
            method.payload.loadUnaligned(as: UInt32.self) == Self.deliverID,
            let header = try parser.next(rest), header.kind == .header, header.channel == number,
            header.payload.count >= 14, header.payload.loadUnaligned(as: UInt16.self) == Self.basicClass
        else { return nil }
        let size = UInt64(bigEndian: header.payload.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
        var octets = header.size
        var body = UnsafeRawBufferPointer(start: nil, count: 0)
        if size > 0 {
            guard size <= assembly.bodyMax,
                let frame = try parser.next(UnsafeRawBufferPointer(rebasing: rest[octets...])), frame.kind == .body,
                frame.channel == number, UInt64(frame.payload.count) == size
            else { return nil }
            octets += frame.size
            body = frame.payload
        }
        let properties = UnsafeRawBufferPointer(rebasing: header.payload[12...])
        // Without a flag there is nothing to check.
        if properties.loadUnaligned(as: UInt16.self) != 0 {
            var reader = ArgumentReader(properties)
            try reader.skipProperties()
        }
        let (tag, deliveryTag, bits, exchange, routingKey) = try Self.arguments(ofDeliver: method.payload)
        let index = consumerIndex(tag)
        try unsettled.delivered(deliveryTag, settled: index.map { !consumers[$0].acknowledges } ?? false)
        return PlainDelivery(
            consumer: index.map { consumers[$0].number }, deliveryTag: deliveryTag, redelivered: bits & 1 != 0,
            exchange: exchange, routingKey: routingKey, properties: properties, body: body, octets: octets)
    }

    private static let deliverID = (UInt32(BasicDeliver.id.classID) << 16 | UInt32(BasicDeliver.id.methodID)).bigEndian
    private static let basicClass = (60 as UInt16).bigEndian

    @inline(__always)
    private static func arguments(ofDeliver payload: UnsafeRawBufferPointer) throws(AMQPError) -> (
        tag: UnsafeRawBufferPointer, deliveryTag: UInt64, bits: UInt8, exchange: UnsafeRawBufferPointer,
        routingKey: UnsafeRawBufferPointer
    ) {
        var reader = ByteReader(payload)
        do throws(EndOfBytes) {
            try reader.skip(4)
            let tag = try reader.readBytes(Int(try reader.read(UInt8.self)))
            let deliveryTag = try reader.read(UInt64.self)
            let bits = try reader.read(UInt8.self)
            let exchange = try reader.readBytes(Int(try reader.read(UInt8.self)))
            let routingKey = try reader.readBytes(Int(try reader.read(UInt8.self)))
            if reader.isAtEnd { return (tag, deliveryTag, bits, exchange, routingKey) }
        } catch {
            throw ArgumentReader.short()
        }
        throw .syntax("octets after the arguments", .syntaxError, BasicDeliver.id)
    }

    mutating func consumerIndex(_ tag: UnsafeRawBufferPointer) -> Int? {
        if recent < consumers.count, consumers[recent].has(tag) { return recent }
        guard let index = consumers.firstIndex(where: { $0.has(tag) }) else { return nil }
        recent = index
        return index
    }
}
