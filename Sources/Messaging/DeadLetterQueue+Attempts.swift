import AMQPWire
import Delivery
import SQLite

extension DeadLetterQueue {
    /// Drops what was counted against a message, so that a replay begins anew.
    package static func forgetAttempts(
        in database: Database
    ) -> @Sendable (BasicProperties, [UInt8]) async throws -> Void {
        { properties, body in
            let message = DeliveryHistory(
                properties, body, of: properties.deadIn.map { MessageSource($0) } ?? .orders
            ).key
            // As a rule the row went with the message: an operator's replay then writes nothing.
            guard try await !database.read({ db in try DeliveryAttempts.begun([message], in: db) }).isEmpty else {
                return
            }
            try await database.write { db in try DeliveryAttempts.end(message, in: db) }
        }
    }
}
