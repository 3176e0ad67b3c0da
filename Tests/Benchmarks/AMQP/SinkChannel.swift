import AMQPWire
import Bytes
import Glibc

/// What the sink knows of one channel: where the client is in a message, what waits for a confirm, what is not settled.
final class SinkChannel {
    private enum Publishing {
        case idle
        case header
        case body(left: UInt64)
    }

    struct Settings: Sendable {
        /// Most publishes that one confirm settles.
        var confirmEvery: UInt64 = 32
        var bodySize = 20
        /// Deliveries of a consumer; nil means without end.
        var flood: Int?
    }

    let number: UInt16
    private let settings: Settings
    /// channel.close was sent: all but the answer is ignored.
    private(set) var isClosing = false
    private(set) var totals = SinkTotals()

    private var publishing = Publishing.idle
    private var isConfirming = false
    private var published: UInt64 = 0
    private var confirmed: UInt64 = 0
    // A client repeats itself: octets that were checked once need not be decoded again.
    private var checkedPublish: [UInt8] = []
    private var checkedHeader: [UInt8] = []
    private var checkedBodySize: UInt64 = 0

    private var prefetch: UInt16 = 0
    private var consumer: Flood?
    private var unsettled = UnsettledDeliveries()
    private var sent = 0

    init(_ number: UInt16, _ settings: Settings) {
        self.number = number
        self.settings = settings
    }

    var isInContent: Bool { if case .idle = publishing { false } else { true } }

    // MARK: Publishing

    func publish(_ payload: UnsafeRawBufferPointer) throws(AMQPError) {
        guard !isInContent else { throw .syntax("a publish within a message", .unexpectedFrame) }
        if !checkedPublish.isSame(payload) {
            guard case .basicPublish = try Method(payload: payload) else {
                throw .syntax("no publish", .unexpectedFrame)
            }
            checkedPublish = [UInt8](payload)
        }
        publishing = .header
    }

    func content(_ frame: Frame) throws(AMQPError) {
        switch (publishing, frame.kind) {
        case (.header, .header):
            if !checkedHeader.isSame(frame.payload) {
                let header = try ContentHeader(payload: frame.payload)
                guard header.classID == 60 else { throw .syntax("a header of class \(header.classID)") }
                var reader = ArgumentReader(header.properties)
                try reader.skipProperties()
                guard reader.isAtEnd else { throw .syntax("octets after the properties") }
                checkedHeader = [UInt8](frame.payload)
                checkedBodySize = header.bodySize
            }
            proceed(left: checkedBodySize)
        case (.body(let left), .body):
            let count = UInt64(frame.payload.count)
            guard count > 0, count <= left else {
                throw .syntax("a body frame of \(count) octets where \(left) are left", .unexpectedFrame)
            }
            totals.publishedOctets += frame.payload.count
            proceed(left: left - count)
        default: throw .syntax("a \(frame.kind) frame out of order", .unexpectedFrame)
        }
    }

    private func proceed(left: UInt64) {
        guard left == 0 else { return publishing = .body(left: left) }
        publishing = .idle
        published += 1
        totals.published += 1
    }

    func selectConfirms() { isConfirming = true }

    /// Confirms what is due: everything when `all`, else once enough has gathered.
    func confirm(all: Bool, _ out: inout ByteBuffer) {
        guard isConfirming else { return }
        let count = published - confirmed
        guard count > 0, all || count >= settings.confirmEvery else { return }
        out.appendAck(published, multiple: count > 1, channel: number)
        confirmed = published
    }

    // MARK: Consuming

    func setPrefetch(_ count: UInt16) { prefetch = count }

    func consume(_ method: BasicConsume, tag: String) throws(AMQPError) {
        guard consumer == nil else { throw .syntax("the sink has one consumer a channel", .notAllowed) }
        consumer = try Flood(tag, channel: number, bodySize: settings.bodySize, acknowledges: !method.noAck)
    }

    func cancel() { consumer = nil }

    /// Sends deliveries up to the prefetch, as long as less than `room` octets wait.
    func flood(room: Int, _ out: inout ByteBuffer) throws(AMQPError) {
        guard consumer != nil, !isClosing else { return }
        while out.count < room, settings.flood.map({ sent < $0 }) ?? true {
            guard let acknowledges = consumer?.acknowledges else { return }
            if acknowledges, prefetch > 0, unsettled.count >= Int(prefetch) { return }
            sent += 1
            totals.delivered += 1
            try unsettled.delivered(UInt64(sent), settled: !acknowledges)
            consumer?.append(tag: UInt64(sent), to: &out)
        }
    }

    /// Settles deliveries; false after a tag that is not there to be settled, which RabbitMQ answers with 406.
    func settle(_ tag: UInt64, multiple: Bool) -> Bool {
        let tag = multiple && tag == 0 ? UInt64(sent) : tag
        switch unsettled.settle(tag, multiple: multiple) {
        case .settled(_, let count):
            totals.settled += count
            totals.settlements += 1
            return true
        case .already, .unknown: return false
        }
    }

    func close(_ code: ReplyCode, _ text: String, _ method: MethodID, _ out: inout ByteBuffer) throws(AMQPError) {
        isClosing = true
        consumer = nil
        totals.violations += 1
        try out.append(
            ChannelClose(
                replyCode: code.rawValue, replyText: text, classID: method.classID, methodID: method.methodID),
            channel: number)
    }
}

/// One delivery, encoded once; only its tag changes.
private struct Flood {
    let acknowledges: Bool
    private var octets: [UInt8]
    private let tagPosition: Int

    init(_ consumerTag: String, channel: UInt16, bodySize: Int, acknowledges: Bool) throws(AMQPError) {
        self.acknowledges = acknowledges
        var buffer = ByteBuffer()
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: bodySize)
        let method = BasicDeliver(
            consumerTag: consumerTag, exchange: "delivery.exchange", routingKey: "delivery.key")
        let properties = BasicProperties(contentType: "application/json", deliveryMode: .persistent)
        try body.withUnsafeBufferPointer { body throws(AMQPError) in
            try buffer.append(
                method, properties: properties, body: UnsafeRawBufferPointer(body), channel: channel,
                frameMax: SinkConnection.frameMax)
        }
        octets = buffer.array
        // Frame head, class and method, the consumer tag with its length.
        tagPosition = 7 + 4 + 1 + consumerTag.utf8.count
    }

    func append(tag: UInt64, to out: inout ByteBuffer) {
        let start = out.count
        out.append(octets)
        out.set(integer: tag, at: start + tagPosition)
    }
}

/// What went over the sink's connections.
struct SinkTotals: Codable, Sendable {
    var published = 0
    var publishedOctets = 0
    var delivered = 0
    /// Deliveries acknowledged or given back, and the methods that did it.
    var settled = 0
    var settlements = 0
    var violations = 0

    static func += (left: inout SinkTotals, right: SinkTotals) {
        left.published += right.published
        left.publishedOctets += right.publishedOctets
        left.delivered += right.delivered
        left.settled += right.settled
        left.settlements += right.settlements
        left.violations += right.violations
    }
}

extension [UInt8] {
    fileprivate func isSame(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard count == bytes.count, let there = bytes.baseAddress else { return false }
        return withUnsafeBytes { here in here.baseAddress.map { memcmp($0, there, bytes.count) == 0 } ?? false }
    }
}
