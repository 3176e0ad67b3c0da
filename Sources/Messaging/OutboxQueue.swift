import Delivery

/// Which messages of outbox rows wait, which rows are on their way, and which only their row is left of. A machine without
/// I/O.
///
/// Rows come from two sides: a commit offers them at once, and a sweep of the table finds what a crash or an overflow left.
/// A row that is known is taken from one of them only. What is urgent is given out first; the rest when its owner says that
/// it is time for it.
struct OutboxQueue {
    /// Messages that wait, in the order in which they were taken.
    private struct Lane {
        var messages: [OutboxMessage] = []
        var first = 0

        var count: Int { messages.count - first }

        mutating func append(_ message: OutboxMessage) { messages.append(message) }

        mutating func next() -> OutboxMessage? {
            guard first < messages.count else { return nil }
            let message = messages[first]
            first += 1
            if first == messages.count {
                messages.removeAll(keepingCapacity: messages.capacity <= 4096)
                first = 0
            } else if first >= 1024, first * 2 >= messages.count {
                messages.removeFirst(first)
                first = 0
            }
            return message
        }

        /// A lost connection gives back all that was in flight, in whatever order: the rows keep their own.
        mutating func putBack(_ message: OutboxMessage) {
            var place = first
            while place < messages.count, Self.precedes(messages[place], message) { place += 1 }
            guard first > 0 else { return messages.insert(message, at: place) }
            // Those before it move into the room that was taken from the front.
            for index in first..<place { messages[index - 1] = messages[index] }
            messages[place - 1] = message
            first -= 1
        }

        private static func precedes(_ one: OutboxMessage, _ other: OutboxMessage) -> Bool {
            one.key == other.key ? one.part < other.part : one.key < other.key
        }
    }

    /// A row that waits, is in flight, or is confirmed and not yet removed.
    private struct Row {
        /// Messages without an outcome.
        var open: Int
        var isRefused = false
    }

    private let most: Int
    private var urgent = Lane()
    private var deferred = Lane()
    private var rows: [OutboxKey: Row] = [:]
    private var isSweeping = false
    /// Removed while a sweep was reading: what it read may still hold them.
    private var removedMeanwhile: [OutboxKey] = []
    /// An offer was not taken: the table holds more than this queue.
    private(set) var hasOverflowed = false
    /// Whether what is not urgent is given out too.
    var isTimeForAll = false

    init(most: Int) { self.most = most }

    /// Messages that wait.
    var count: Int { urgent.count + deferred.count }
    /// Of these, those that are given out now.
    var ready: Int { isTimeForAll ? count : urgent.count }
    var deferredCount: Int { deferred.count }
    /// Rows.
    var knownCount: Int { rows.count }

    mutating func offer(_ entry: OutboxEntry) {
        guard rows.count < most else {
            hasOverflowed = true
            return
        }
        guard rows[entry.key] == nil else { return }
        rows[entry.key] = Row(open: entry.messages.count)
        for message in entry.messages {
            if message.isUrgent { urgent.append(message) } else { deferred.append(message) }
        }
    }

    mutating func next() -> OutboxMessage? { urgent.next() ?? (isTimeForAll ? deferred.next() : nil) }

    /// What was sent and has no known outcome goes first again.
    mutating func putBack(_ message: OutboxMessage) {
        guard rows[message.key] != nil else { return }
        if message.isUrgent { urgent.putBack(message) } else { deferred.putBack(message) }
    }

    /// The broker has the message.
    /// - Returns: whether it has all of the row.
    mutating func didConfirm(_ message: OutboxMessage) -> Bool { settle(message.key, isRefused: false) }

    /// The message was refused: a later sweep finds its row again, so that it keeps nobody waiting.
    mutating func setAside(_ message: OutboxMessage) { _ = settle(message.key, isRefused: true) }

    private mutating func settle(_ key: OutboxKey, isRefused: Bool) -> Bool {
        guard var row = rows[key] else { return false }
        row.open -= 1
        row.isRefused = row.isRefused || isRefused
        rows[key] = row
        guard row.open == 0 else { return false }
        if row.isRefused { forget(key) }
        return !row.isRefused
    }

    /// The row is gone.
    mutating func didRemove(_ key: OutboxKey) { forget(key) }

    private mutating func forget(_ key: OutboxKey) {
        if isSweeping { removedMeanwhile.append(key) } else { rows[key] = nil }
    }

    /// - Returns: how many rows the sweep should read; nil when there is no room or a sweep is under way.
    mutating func beginSweep() -> Int? {
        guard !isSweeping, rows.count < most else { return nil }
        isSweeping = true
        hasOverflowed = false
        return most - rows.count
    }

    /// - Parameter isComplete: whether the sweep came to the end of the table.
    mutating func endSweep(_ found: [OutboxEntry], isComplete: Bool = true) {
        if !isComplete { hasOverflowed = true }
        for entry in found { offer(entry) }
        isSweeping = false
        for key in removedMeanwhile { rows[key] = nil }
        removedMeanwhile = []
    }
}
