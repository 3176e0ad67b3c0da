/// What several senders have sent, taken from each in turn: who sends much waits for their own.
package struct FairQueue<Item> {
    package enum Outcome {
        case queued
        /// The queue, or the sender's part of it, is full.
        case refused
        /// The queue was full: the last one of the sender with the most has to go.
        case replaced(Item)
    }

    private let most: Int
    private let mostOfOne: Int
    private var lines: [String: [Item]] = [:]
    /// The senders who have something here, in the order in which they are served.
    private var turns: [String] = []
    package private(set) var count = 0

    package init(most: Int, mostOfOne: Int) {
        self.most = most
        self.mostOfOne = mostOfOne
    }

    package mutating func push(_ item: Item, of sender: String) -> Outcome {
        let waiting = lines[sender]?.count ?? 0
        guard most > 0, waiting < mostOfOne else { return .refused }
        var outcome = Outcome.queued
        if count >= most {
            guard let longest = lines.max(by: { $0.value.count < $1.value.count }), longest.value.count > waiting + 1,
                let last = lines[longest.key]?.popLast()
            else { return .refused }
            count -= 1
            outcome = .replaced(last)
        }
        if waiting == 0 { turns.append(sender) }
        lines[sender, default: []].append(item)
        count += 1
        return outcome
    }

    package mutating func pop() -> Item? {
        guard !turns.isEmpty else { return nil }
        let sender = turns.removeFirst()
        guard var line = lines.removeValue(forKey: sender), !line.isEmpty else { return nil }
        let item = line.removeFirst()
        count -= 1
        if !line.isEmpty {
            lines[sender] = line
            turns.append(sender)
        }
        return item
    }
}
