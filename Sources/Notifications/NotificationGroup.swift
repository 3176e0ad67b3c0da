import Delivery
import Messaging
import SQLite

/// What the group of notifications makes of a message: a row for the customer's webhook, if there is one.
package enum NotificationGroup {
    private static let longestID = 64

    /// - Throws: what makes it a dead letter.
    package static func read(_ message: GroupMessage, for sender: WebhookSender) throws -> GroupTask {
        let status: OrderStatusMessage
        switch try OrderMessage(type: message.type, body: message.body) {
        case .status(let message): status = message
        case .completed(let message):
            return GroupTask(order: message.orderID) { db in
                if try Webhooks.notifyAnnounced(order: message.orderID, of: message.customerID, in: db) {
                    db.afterCommit(once: sender) { sender.wake() }
                }
            }
        }
        // It becomes a header field, and a part of what is signed, which ends at a dot.
        let isPlain = status.txID.utf8.allSatisfy { octet in
            octet == UInt8(ascii: "-") || octet == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet | 0x20)
        }
        guard isPlain, (1...longestID).contains(status.txID.utf8.count) else {
            throw UnreadableMessage("tx_id is not made of up to \(longestID) letters, digits, - and _")
        }
        return GroupTask(order: status.orderID) { [body = message.body] db in
            if try Webhooks.notify(status, body: body, in: db) { db.afterCommit(once: sender) { sender.wake() } }
        }
    }
}
