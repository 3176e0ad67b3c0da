import Delivery

/// Which outbox rows wait, which are on their way, and which only their row is left of. A machine without I/O.
///
/// Rows come from two sides: a commit offers them at once, and a sweep of the table finds what a crash or an overflow left.
/// A row that is known is taken from one of them only.
struct OutboxQueue {
    private let most: Int
    private var waiting: [OutboxMessage] = []
    private var first = 0
    /// Ids that wait, are in flight, or are confirmed with their row not yet removed.
    private var known: Set<Int> = []
    private var isSweeping = false
    /// Removed while a sweep was reading: what it read may still hold them.
    private var removedMeanwhile: [Int] = []
    /// An offer was not taken: the table holds more than this queue.
    private(set) var hasOverflowed = false

    init(most: Int) { self.most = most }

    var count: Int { waiting.count - first }
    var knownCount: Int { known.count }

    mutating func offer(_ message: OutboxMessage) {
        guard known.count < most else {
            hasOverflowed = true
            return
        }
        guard known.insert(message.id).inserted else { return }
        waiting.append(message)
    }

    mutating func next() -> OutboxMessage? {
        guard first < waiting.count else { return nil }
        let message = waiting[first]
        first += 1
        if first == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.capacity <= 4096)
            first = 0
        } else if first >= 1024, first * 2 >= waiting.count {
            waiting.removeFirst(first)
            first = 0
        }
        return message
    }

    /// What was sent and has no known outcome goes first again. A lost connection gives back all that was in flight, in
    /// whatever order: the rows keep their own.
    mutating func putBack(_ message: OutboxMessage) {
        guard known.contains(message.id) else { return }
        var place = first
        while place < waiting.count, waiting[place].id < message.id { place += 1 }
        guard first > 0 else { return waiting.insert(message, at: place) }
        // Those before it move into the room that was taken from the front.
        for index in first..<place { waiting[index - 1] = waiting[index] }
        waiting[place - 1] = message
        first -= 1
    }

    /// The message was refused: a later sweep finds its row again, so that it keeps nobody waiting.
    mutating func setAside(_ id: Int) { forget(id) }

    /// The row is gone.
    mutating func didRemove(_ id: Int) { forget(id) }

    private mutating func forget(_ id: Int) {
        if isSweeping { removedMeanwhile.append(id) } else { known.remove(id) }
    }

    /// - Returns: how many rows the sweep should read; nil when there is no room or a sweep is under way.
    mutating func beginSweep() -> Int? {
        guard !isSweeping, known.count < most else { return nil }
        isSweeping = true
        hasOverflowed = false
        return most - known.count
    }

    /// - Parameter isComplete: whether the sweep came to the end of the table.
    mutating func endSweep(_ found: [OutboxMessage], isComplete: Bool = true) {
        if !isComplete { hasOverflowed = true }
        for message in found { offer(message) }
        isSweeping = false
        for id in removedMeanwhile { known.remove(id) }
        removedMeanwhile = []
    }
}
