import AMQPWire
import Bytes
import EventLoop

/// A broker's side of one connection that parses and checks every frame and routes nothing: publishes are counted and
/// confirmed, a consumer is flooded. What is wrong ends the channel or the connection as it does with RabbitMQ.
final class SinkConnection: StreamHandler {
    static let frameMax = 131_072
    /// Deliveries are made while less than this waits to be sent.
    private static let outputHigh = 256 * 1024

    private enum State { case protocolHeader, startOk, tuneOk, open, opened, closing }

    private let settings: SinkChannel.Settings
    private let ended: (SinkTotals) -> Void
    private var stream: Stream?
    private var state = State.protocolHeader
    private var parser = FrameParser(frameMax: SinkConnection.frameMax, headerMax: SinkConnection.frameMax)
    private var rest = ByteBuffer()
    private var out = ByteBuffer()
    private var channels: [UInt16: SinkChannel] = [:]
    private var totals = SinkTotals()

    init(
        _ descriptor: consuming OwnedDescriptor, on loop: EventLoop, _ settings: SinkChannel.Settings,
        ended: @escaping (SinkTotals) -> Void
    ) throws(SystemError) {
        self.settings = settings
        self.ended = ended
        stream = try Stream(descriptor, on: loop, handler: self)
    }

    // MARK: Octets

    func streamDidReceive(_ received: ReceivedBytes) {
        do throws(AMQPError) {
            if rest.isEmpty {
                let used = try readFrames(received.bytes)
                rest.append(UnsafeRawBufferPointer(rebasing: received.bytes[used...]))
            } else {
                rest.append(received.bytes)
                var input = ByteBuffer()
                swap(&input, &rest)
                let used = try input.withBytes { bytes throws(AMQPError) in try readFrames(bytes) }
                input.consume(used)
                swap(&input, &rest)
            }
            for channel in channels.values { channel.confirm(all: true, &out) }
            try flood()
        } catch {
            fail(error)
        }
        flush()
    }

    func streamDidDrain() {
        do throws(AMQPError) { try flood() } catch { fail(error) }
        flush()
    }

    func streamDidEnd() { stream?.close() }

    func streamDidClose(_: SystemError?) {
        stream = nil
        for channel in channels.values { totals += channel.totals }
        channels = [:]
        ended(totals)
    }

    private func flush() {
        guard !out.isEmpty else { return }
        stream?.write { output in out.withBytes { output.append($0) } }
        out.clear()
        if state == .closing { stream?.closeAfterFlush() }
    }

    private func flood() throws(AMQPError) {
        guard state == .opened, let stream else { return }
        let room = Self.outputHigh - stream.pendingOutput
        for channel in channels.values { try channel.flood(room: room, &out) }
    }

    private func fail(_ error: AMQPError) {
        totals.violations += 1
        BenchmarkError.warn("sink: \(error.message)")
        state = .closing
        let code = error.verdict?.code ?? .syntaxError
        try? out.append(ConnectionClose(replyCode: code.rawValue, replyText: error.message), channel: 0)
    }

    private func readFrames(_ bytes: UnsafeRawBufferPointer) throws(AMQPError) -> Int {
        var position = 0
        if state == .protocolHeader {
            guard bytes.count >= 8 else { return 0 }
            var header = ByteBuffer()
            header.appendProtocolHeader()
            guard Array(bytes[..<8]) == header.array else { throw .syntax("another protocol header") }
            position = 8
            state = .startOk
            let properties: FieldTable = [
                "product": "sink",
                "capabilities": [
                    "publisher_confirms": true, "basic.nack": true, "consumer_cancel_notify": true,
                    "exchange_exchange_bindings": true, "authentication_failure_close": true,
                ],
            ]
            try out.append(ConnectionStart(serverProperties: properties), channel: 0)
        }
        while state != .closing,
            let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...]))
        {
            position += frame.size
            try receive(frame)
        }
        return state == .closing ? bytes.count : position
    }

    // MARK: Frames

    private func receive(_ frame: Frame) throws(AMQPError) {
        if frame.kind == .heartbeat { return out.appendHeartbeat() }
        if frame.channel == 0 {
            guard frame.kind == .method else { throw .syntax("content on channel 0", .channelError) }
            return try receiveOnChannelZero(try Method(payload: frame.payload))
        }
        guard state == .opened else { throw .syntax("a frame for a channel during the handshake", .channelError) }
        guard let channel = channels[frame.channel] else {
            guard frame.kind == .method, case .channelOpen = try Method(payload: frame.payload) else {
                throw .syntax("a frame for channel \(frame.channel), which is not open", .channelError)
            }
            channels[frame.channel] = SinkChannel(frame.channel, settings)
            return try out.append(ChannelOpenOk(), channel: frame.channel)
        }
        guard frame.kind == .method else {
            if channel.isClosing { return }
            try channel.content(frame)
            return channel.confirm(all: false, &out)
        }
        guard frame.payload.count >= 4 else { throw .syntax("a method without its number") }
        let id = UInt32(bigEndian: frame.payload.loadUnaligned(as: UInt32.self))
        if id == 60 << 16 | 40, !channel.isClosing { return try channel.publish(frame.payload) }
        guard !channel.isInContent else { throw .syntax("a method within a message", .unexpectedFrame) }
        if id == 60 << 16 | 80 || id == 60 << 16 | 90 || id == 60 << 16 | 120 {
            return try settle(frame.payload, channel)
        }
        try receive(try Method(payload: frame.payload), on: channel)
    }

    /// ack, reject and nack: a tag and an octet of bits, of which only the lowest counts, and not for reject.
    private func settle(_ payload: UnsafeRawBufferPointer, _ channel: SinkChannel) throws(AMQPError) {
        var reader = ArgumentReader(payload)
        let id = MethodID(class: try reader.short(), method: try reader.short())
        let tag = try reader.longLong()
        let bits = try reader.octet()
        guard reader.isAtEnd else { throw .syntax("octets after the arguments of \(id.name)") }
        if channel.isClosing { return }
        guard !channel.settle(tag, multiple: bits & 1 != 0 && id.methodID != 90) else { return }
        try channel.close(.preconditionFailed, "PRECONDITION_FAILED - unknown delivery tag \(tag)", id, &out)
    }

    private func receiveOnChannelZero(_ method: Method) throws(AMQPError) {
        switch (state, method) {
        case (_, .connectionClose):
            try out.append(ConnectionCloseOk(), channel: 0)
            state = .closing
        case (.startOk, .connectionStartOk(let ok)):
            guard ok.mechanism == "PLAIN" else { throw .syntax("mechanism \(ok.mechanism)") }
            try out.append(
                ConnectionTune(channelMax: 2047, frameMax: UInt32(Self.frameMax), heartbeat: 0), channel: 0)
            state = .tuneOk
        case (.tuneOk, .connectionTuneOk): state = .open
        case (.open, .connectionOpen):
            try out.append(ConnectionOpenOk(), channel: 0)
            state = .opened
        default: throw .syntax("\(method.id.name) out of order", .commandInvalid, method.id)
        }
    }

    private func receive(_ method: Method, on channel: SinkChannel) throws(AMQPError) {
        let number = channel.number
        switch method {
        case .channelClose, .channelCloseOk:
            totals += channel.totals
            channels[number] = nil
            if case .channelClose = method { try out.append(ChannelCloseOk(), channel: number) }
        case _ where channel.isClosing: break
        case .confirmSelect(let select):
            channel.selectConfirms()
            if !select.noWait { try out.append(ConfirmSelectOk(), channel: number) }
        case .basicQos(let qos):
            channel.setPrefetch(qos.prefetchCount)
            try out.append(BasicQosOk(), channel: number)
        case .basicConsume(let consume):
            let tag = consume.consumerTag.isEmpty ? "sink" : consume.consumerTag
            try channel.consume(consume, tag: tag)
            if !consume.noWait { try out.append(BasicConsumeOk(consumerTag: tag), channel: number) }
        case .basicCancel(let cancel):
            channel.cancel()
            if !cancel.noWait { try out.append(BasicCancelOk(consumerTag: cancel.consumerTag), channel: number) }
        case .exchangeDeclare: try out.append(ExchangeDeclareOk(), channel: number)
        case .queueDeclare(let declare):
            let name = declare.queue.isEmpty ? "sink.queue" : declare.queue
            try out.append(QueueDeclareOk(queue: name, messageCount: 0, consumerCount: 0), channel: number)
        case .queueBind: try out.append(QueueBindOk(), channel: number)
        default: throw .syntax("the sink does not know \(method.id.name)", .notImplemented, method.id)
        }
    }
}
