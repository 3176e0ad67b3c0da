/// Timers ordered by deadline, then by the order in which they were set. A pure value without a clock.
///
/// Setting and expiring are O(log n); cancelling is O(1) and leaves a husk, and the husks are swept when they are
/// more than half of the heap.
package struct TimerHeap<Action> {
    package struct Token: Hashable, Sendable {
        let number: UInt64
    }

    private struct Entry {
        let deadline: ContinuousClock.Instant
        let number: UInt64

        func isBefore(_ other: Entry) -> Bool {
            deadline != other.deadline ? deadline < other.deadline : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: Action] = [:]
    private var nextNumber: UInt64 = 0

    package init() {}

    /// Timers that are set and neither expired nor cancelled.
    package var count: Int { actions.count }

    package mutating func set(_ deadline: ContinuousClock.Instant, _ action: Action) -> Token {
        let entry = Entry(deadline: deadline, number: nextNumber)
        nextNumber += 1
        actions[entry.number] = action
        heap.append(entry)
        siftUp(heap.count - 1)
        return Token(number: entry.number)
    }

    /// - Returns: false when the timer has expired or was cancelled before.
    @discardableResult
    package mutating func cancel(_ token: Token) -> Bool {
        guard actions.removeValue(forKey: token.number) != nil else { return false }
        if heap.count > 64, heap.count > 2 * actions.count { sweep() }
        return true
    }

    package var nextDeadline: ContinuousClock.Instant? {
        mutating get {
            dropHusks()
            return heap.first?.deadline
        }
    }

    /// Takes the earliest timer whose deadline is not after `now`.
    package mutating func popExpired(_ now: ContinuousClock.Instant) -> Action? {
        dropHusks()
        guard let first = heap.first, first.deadline <= now else { return nil }
        removeFirst()
        return actions.removeValue(forKey: first.number)
    }

    private mutating func dropHusks() {
        while let first = heap.first, actions[first.number] == nil { removeFirst() }
    }

    private mutating func sweep() {
        heap.removeAll { actions[$0.number] == nil }
        var index = heap.count / 2 - 1
        while index >= 0 {
            siftDown(index)
            index -= 1
        }
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].isBefore(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].isBefore(heap[smallest]) { smallest = child }
            }
            guard smallest != index else { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
