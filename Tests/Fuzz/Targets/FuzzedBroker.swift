import AMQPWire
import Bytes

/// A broker whose every move the input chooses. It knows what the client asked for, so that a few octets of input are
/// enough to answer rightly, or wrongly in a way that a broker of ours or others' might.
struct FuzzedBroker: ~Copyable {
    /// A request that is not answered yet.
    struct Request {
        var channel: UInt16
        var method: Method
    }

    struct Published {
        var method: BasicPublish
        var properties: [UInt8] = []
        var body: [UInt8] = []
        var left: UInt64 = 0
        var hasHeader = false
    }

    struct Channel {
        var lastDelivery: UInt64 = 0
        var consumers: [String] = []
        var published: [Published] = []
        /// The last publish that is confirmed.
        var confirmed: UInt64 = 0
    }

    var requests: [Request] = []
    var channels: [UInt16: Channel] = [:]
    /// What comes next leaves changed in this way.
    var mutation: Mutation?
    /// What the client did that no client may.
    private(set) var finding: String?
    private var input = ByteBuffer()
    private var hasHeader = false
    private var parser = FrameParser(frameMax: 1 << 20)
    private let tune: ConnectionTune
    private let mechanisms: String

    init(tune: ConnectionTune, mechanisms: String = "PLAIN AMQPLAIN") {
        self.tune = tune
        self.mechanisms = mechanisms
    }

    /// Limits that a broker may propose, the last ones wrongly.
    static let tunes = [
        ConnectionTune(channelMax: 2047, frameMax: 131_072, heartbeat: 60),
        ConnectionTune(channelMax: 2, frameMax: 4096, heartbeat: 0),
        ConnectionTune(channelMax: 0, frameMax: 0, heartbeat: 0),
        ConnectionTune(channelMax: 65_535, frameMax: .max, heartbeat: 65_535),
        ConnectionTune(channelMax: 1, frameMax: 8192, heartbeat: 1),
        ConnectionTune(channelMax: 2047, frameMax: 100, heartbeat: 60),
    ]

    // MARK: The client's octets

    /// Reads what the client sends, which has to be faultless whatever the broker did before.
    mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        input.append(bytes)
        if !hasHeader {
            guard input.count >= 8 else { return }
            if input.array[..<8] != [0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1] { finding = "the client begins otherwise" }
            input.consume(8)
            hasHeader = true
        }
        let octets = input.array
        let used = octets.withUnsafeBytes { readFrames($0) }
        input.consume(used)
    }

    private mutating func readFrames(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        do throws(AMQPError) {
            while finding == nil, let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
                position += frame.size
                switch frame.kind {
                case .method: note(try Method(payload: frame.payload), frame.channel)
                case .header: try noteHeader(frame)
                case .body: noteBody(frame)
                case .heartbeat: break
                }
            }
        } catch {
            finding = "the client sends what cannot be read: \(error)"
        }
        return position
    }

    private mutating func note(_ method: Method, _ channel: UInt16) {
        if let last = channels[channel]?.published.last, !last.hasHeader || last.left > 0 {
            finding = "the client sends \(method.id) in the middle of a message"
        }
        switch method {
        case .connectionTuneOk(let tuning): parser.frameMax = tuning.frameMax == 0 ? 1 << 27 : Int(tuning.frameMax)
        case .basicPublish(let publish):
            channels[channel, default: Channel()].published.append(Published(method: publish))
        case .basicAck, .basicNack, .basicReject, .connectionCloseOk, .channelCloseOk, .basicCancelOk, .channelFlowOk:
            break
        case .channelOpen:
            channels[channel] = Channel()
            fallthrough
        default: requests.append(Request(channel: channel, method: method))
        }
        if case .basicConsume(let consume) = method {
            channels[channel, default: Channel()].consumers.append(consume.consumerTag)
        }
    }

    private mutating func noteHeader(_ frame: Frame) throws(AMQPError) {
        let header = try ContentHeader(payload: frame.payload)
        guard let index = channels[frame.channel]?.published.indices.last,
            channels[frame.channel]?.published[index].hasHeader == false
        else { return finding = "the client sends a header that no publish announced" }
        channels[frame.channel]?.published[index].hasHeader = true
        channels[frame.channel]?.published[index].left = header.bodySize
        channels[frame.channel]?.published[index].properties = Array(header.properties)
    }

    private mutating func noteBody(_ frame: Frame) {
        let size = UInt64(frame.payload.count)
        guard let index = channels[frame.channel]?.published.indices.last,
            let left = channels[frame.channel]?.published[index].left, size > 0, size <= left
        else { return finding = "the client sends a body that no header announced" }
        channels[frame.channel]?.published[index].left = left - size
        channels[frame.channel]?.published[index].body += frame.payload
    }

    // MARK: Answers

    /// Whether the oldest request belongs to the handshake.
    var isInHandshake: Bool {
        switch requests.first?.method {
        case nil: true
        case .connectionStartOk, .connectionTuneOk, .connectionOpen: true
        default: false
        }
    }

    var start: ConnectionStart {
        ConnectionStart(
            serverProperties: ["product": "fuzz", "capabilities": ["authentication_failure_close": true]],
            mechanisms: Array(mechanisms.utf8))
    }

    /// The right answer; nil if there is none to give.
    func answer(to request: Method, _ choices: inout Choices) -> Method? {
        switch request {
        case .connectionStartOk: .connectionTune(tune)
        case .connectionSecureOk: .connectionTune(tune)
        case .connectionOpen: .connectionOpenOk(ConnectionOpenOk())
        case .connectionClose: .connectionCloseOk(ConnectionCloseOk())
        case .connectionUpdateSecret: .connectionUpdateSecretOk(ConnectionUpdateSecretOk())
        case .channelOpen: .channelOpenOk(ChannelOpenOk())
        case .channelClose: .channelCloseOk(ChannelCloseOk())
        case .channelFlow(let flow): .channelFlowOk(ChannelFlowOk(active: flow.active))
        case .exchangeDeclare: .exchangeDeclareOk(ExchangeDeclareOk())
        case .exchangeDelete: .exchangeDeleteOk(ExchangeDeleteOk())
        case .exchangeBind: .exchangeBindOk(ExchangeBindOk())
        case .exchangeUnbind: .exchangeUnbindOk(ExchangeUnbindOk())
        case .queueDeclare(let declare):
            .queueDeclareOk(
                QueueDeclareOk(queue: declare.queue.isEmpty ? "amq.gen-\(choices.octet())" : declare.queue))
        case .queueBind: .queueBindOk(QueueBindOk())
        case .queueUnbind: .queueUnbindOk(QueueUnbindOk())
        case .queuePurge: .queuePurgeOk(QueuePurgeOk(messageCount: choices.long()))
        case .queueDelete: .queueDeleteOk(QueueDeleteOk(messageCount: choices.long()))
        case .basicQos: .basicQosOk(BasicQosOk())
        case .basicConsume(let consume): .basicConsumeOk(BasicConsumeOk(consumerTag: consume.consumerTag))
        case .basicCancel(let cancel): .basicCancelOk(BasicCancelOk(consumerTag: cancel.consumerTag))
        case .basicGet: .basicGetEmpty(BasicGetEmpty())
        case .basicRecover: .basicRecoverOk(BasicRecoverOk())
        case .confirmSelect: .confirmSelectOk(ConfirmSelectOk())
        case .txSelect: .txSelectOk(TxSelectOk())
        case .txCommit: .txCommitOk(TxCommitOk())
        case .txRollback: .txRollbackOk(TxRollbackOk())
        default: nil
        }
    }
}
