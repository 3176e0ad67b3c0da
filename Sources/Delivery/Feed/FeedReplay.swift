/// How a stream begins, from page to page of the log, until it is live: what its reader is told first, and when it has to
/// begin anew because something behind its cursor is gone. Without I/O.
package struct FeedReplay: Sendable {
    package enum Step: Equatable, Sendable {
        /// Tell it to begin anew; the replay goes on with everything that is kept.
        case reset
        /// Give it the page.
        case take
    }

    /// What the reader came with; nil for one that wants what happens from now on.
    private let given: Int?
    private var isFirst = true
    /// What is gone up to here, the reader has been told.
    private var knownPruned = 0
    /// It has been given nothing since it was told to begin anew.
    private var isAnew = false

    package init(after cursor: Int?) { given = cursor }

    /// Where the next page begins.
    /// - Parameter cursor: of the subscription.
    package func place(_ cursor: Int?) -> Int? { isFirst ? given : cursor }

    /// - Parameter cursor: of the subscription, when the page was read.
    package mutating func step(_ page: FeedPage, at cursor: Int?) -> Step {
        let place = place(cursor)
        let isLost = place.map { page.isLost($0) } ?? false
        defer { isFirst = false }
        // What went since then is behind no place of its reader's.
        if isAnew { knownPruned = max(knownPruned, page.pruned) }
        guard isLost, isFirst || page.pruned > knownPruned else {
            isAnew = isAnew && page.events.isEmpty
            return .take
        }
        knownPruned = page.pruned
        isAnew = true
        return .reset
    }

    /// With the first page that is taken: what the stream opens with. Ask before `step`.
    package func opening(_ page: FeedPage) -> Int? { isFirst ? given ?? page.head : nil }

    /// At its end: the reader's place may lie below what is gone until its next event, and has to be moved, so that it is not
    /// told to begin anew once more.
    package var mustMovePlace: Bool { knownPruned > 0 }
}
