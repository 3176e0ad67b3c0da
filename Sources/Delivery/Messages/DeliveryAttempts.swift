import SQLite

/// How often work on a redelivered message was begun, kept outside of the message: a message that ends the process can be
/// told from others only by what was committed before the work.
package struct DeliveryAttempt: Equatable, Sendable {
    package let count: Int
    package let firstSeen: Timestamp

    package init(count: Int, firstSeen: Timestamp) {
        self.count = count
        self.firstSeen = firstSeen
    }
}

package enum DeliveryAttempts {
    /// A row that nobody settled, since its message went elsewhere, goes after this time.
    private static let kept = Duration.seconds(7 * 86_400)

    /// Counts one more attempt at a message. To be committed before the work begins.
    package static func begin(
        _ message: String, at time: Timestamp = .now, in db: Connection
    ) throws -> DeliveryAttempt {
        // The table grows only here, so this is the place to keep it small.
        try DeliveryAttemptRecords.delete(firstSeenBefore: time.adding(.zero - kept), in: db)
        return try DeliveryAttemptRecords.count(message, at: time, in: db)
    }

    /// Attempts at those of the messages that were worked on before.
    package static func begun(_ messages: [String], in db: Connection) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for message in messages {
            if let count = try DeliveryAttemptRecords.attempts(message, in: db) { counts[message] = count }
        }
        return counts
    }

    /// The message is settled. Belongs into the transaction of the work.
    package static func end(_ message: String, in db: Connection) throws {
        try DeliveryAttemptRecords.delete(message, in: db)
    }
}

extension Feed {
    /// Does what an announcement does, for no order and without a trace: if this works, the trouble with another one is not
    /// the database's. An empty transaction would not show a full disk.
    package static func probe(in db: Connection) throws {
        _ = try FeedRecords.isAnnounced(order: 0, in: db)
        _ = try OrderRecords.detail(0, in: db)
        _ = try DeliveryAttemptRecords.count("", at: .now, in: db)
        try DeliveryAttemptRecords.delete("", in: db)
    }
}
