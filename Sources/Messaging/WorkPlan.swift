/// In which order, and which of them together, the deliveries of a batch are worked on. No I/O.
///
/// First deliveries share a commit. A redelivered one is alone, so that a process that dies has only one message in work.
/// One that was in work when a process died comes after all others: they must not wait for it.
struct WorkPlan: Equatable {
    enum Step: Equatable {
        /// Indices of the batch that share a commit.
        case together(Range<Int>)
        case alone(Int)
    }

    enum Kind: Equatable {
        case first, redelivered
        /// Redelivered, and work on it was begun by a process that did not come to its end.
        case suspect
    }

    private(set) var steps: [Step] = []
    private(set) var suspects: [Int] = []

    init(_ kinds: [Kind]) {
        for (index, kind) in kinds.enumerated() {
            switch kind {
            case .first:
                if case .together(let range)? = steps.last, range.upperBound == index {
                    steps[steps.count - 1] = .together(range.lowerBound..<index + 1)
                } else {
                    steps.append(.together(index..<index + 1))
                }
            case .redelivered: steps.append(.alone(index))
            case .suspect: suspects.append(index)
            }
        }
    }
}
