import AMQP
import AMQPWire
import Support
import Synchronized

/// What a scripted broker read, for the test to look at.
final class Heard: Sendable {
    private let methods = Lock<[String]>([])

    func note(_ method: Method, _ channel: UInt16) {
        let text =
            switch method {
            case .basicAck(let ack): "ack \(ack.deliveryTag)\(ack.multiple ? " multiple" : "")"
            case .basicNack(let nack): "nack \(nack.deliveryTag)\(nack.multiple ? " multiple" : "")"
            case .basicConsume(let consume): "consume \(consume.consumerTag)"
            case .basicCancel(let cancel): "cancel \(cancel.consumerTag)"
            default: "\(method.id.name)"
            }
        methods.withLock { $0.append("\(channel): \(text)") }
    }

    var all: [String] { methods.withLock { $0 } }
    func contains(_ text: String) -> Bool { all.contains(text) }
}

extension ScriptedPeer {
    /// Answers a consumer's start, delivers messages 1 to `count`, and gives its tag.
    @discardableResult
    func startConsumer(_ count: UInt64 = 0) throws -> String {
        let tag = try expectConsume()
        try send(BasicConsumeOk(consumerTag: tag))
        for number in 0..<count { try send(BasicDeliver(consumerTag: tag, deliveryTag: number + 1), body: [1]) }
        return tag
    }

    /// Reads a consumer's start without the answer to it.
    func expectConsume() throws -> String {
        try expect(BasicQos.id)
        try send(BasicQosOk())
        return try expect { if case .basicConsume(let consume) = $0 { consume.consumerTag } else { nil } }
    }

    /// Answers what comes until the client leaves; `body` may do more, after the answer.
    func answerAll(_ heard: Heard, _ body: (Method, UInt16) throws -> Void = { _, _ in }) throws {
        while let frame = try frame() {
            guard frame.kind == .method else { continue }
            let method = try frame.payload.withUnsafeBytes { try Method(payload: $0) }
            heard.note(method, frame.channel)
            switch method {
            case .channelOpen: try send(ChannelOpenOk(), channel: frame.channel)
            case .channelClose: try send(ChannelCloseOk(), channel: frame.channel)
            case .connectionClose: try send(ConnectionCloseOk(), channel: 0)
            case .basicQos: try send(BasicQosOk(), channel: frame.channel)
            case .basicConsume(let consume):
                try send(BasicConsumeOk(consumerTag: consume.consumerTag), channel: frame.channel)
            case .basicCancel(let cancel):
                try send(BasicCancelOk(consumerTag: cancel.consumerTag), channel: frame.channel)
            case .queuePurge: try send(QueuePurgeOk(messageCount: 0), channel: frame.channel)
            case .txSelect: try send(TxSelectOk(), channel: frame.channel)
            case .txCommit: try send(TxCommitOk(), channel: frame.channel)
            case .txRollback: try send(TxRollbackOk(), channel: frame.channel)
            default: break
            }
            try body(method, frame.channel)
        }
    }
}

extension AMQPConfiguration {
    static var quick: AMQPConfiguration {
        var configuration = AMQPConfiguration()
        configuration.recovery.initialDelay = .milliseconds(1)
        configuration.recovery.ceiling = .milliseconds(20)
        return configuration
    }
}

/// A mark that a test and its script's thread share.
final class Flag: Sendable {
    private let value = Lock(false)

    var isUp: Bool { value.withLock { $0 } }
    func raise() { value.withLock { $0 = true } }
}
