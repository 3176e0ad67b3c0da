import AMQP
import AMQPWire
import Delivery

extension OutboxMessage {
    /// The message's properties on the broker, as the contract has them.
    /// - Parameter service: which one publishes it.
    func properties(from service: String) -> BasicProperties {
        var properties = BasicProperties()
        properties.contentType = "application/json"
        properties.deliveryMode = .persistent
        properties.messageID = messageID
        properties.type = type
        properties.timestamp = UInt64(max(0, createdAt.milliseconds / 1000))
        properties.appID = service
        var headers: FieldTable = ["version": "1.0"]
        if let trace = traceParent { headers["traceparent"] = .string(trace) }
        properties.headers = headers
        return properties
    }
}
