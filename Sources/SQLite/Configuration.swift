/// How a `Database` works.
package struct Configuration: Sendable {
    package var readers = 2
    /// Transactions that may wait, for the writer and for the readers each. One more throws `overloaded` at once: a
    /// caller that can wait does better than a queue that hides how late it is.
    package var queueLimit = 4096
    /// Transactions in one commit, and how long they may take together before it.
    package var groupLimit = 256
    package var groupMicroseconds = 5000
    /// How long `writeLater` waits for a commit to join.
    package var laterMilliseconds = 100
    /// How long a lock held by a foreign program is waited for.
    package var busyMilliseconds = 10_000
    /// How long a commit waits for its turn among the processes that share the file.
    package var lockMilliseconds = 10_000
    /// Size of the write-ahead log that starts a checkpoint, in pages of 4 KiB.
    package var checkpointPages = 1000
    /// Page caches. SQLite empties one when another connection has committed since it was used, so that a cache serves one
    /// group or one read: it needs to hold what these touch, not the file.
    package var writerCacheKiB = 2048
    package var readerCacheKiB = 512
    /// Called on the writer's thread, while it holds the lock between processes.
    package var observer: (@Sendable (Event) -> Void)?

    package init() {}

    package enum Event: Sendable, Equatable {
        case groupBegan
        case groupEnded(committed: Bool)
        case checkpointBegan
        case checkpointEnded
    }

    func options(queryOnly: Bool) -> Connection.Options {
        var options = Connection.Options(queryOnly ? .readWrite : .create)
        options.busyMilliseconds = busyMilliseconds
        options.cacheKiB = queryOnly ? readerCacheKiB : writerCacheKiB
        options.queryOnly = queryOnly
        let pages = max(1, checkpointPages).multipliedReportingOverflow(by: 4 * 4096)
        options.journalSizeLimit = pages.overflow ? Int(Int32.max) : pages.partialValue
        return options
    }
}
