import Glibc

/// Tells who has a database open from who replaces its file: every `Database` holds a lock file beside the database,
/// `….in-use.lock`, together with the others for as long as it is open; a restore holds it alone.
final class UseLock: Sendable {
    /// How long an opening waits for a restore before it gives up.
    private static let patience: UInt64 = 5_000_000_000

    private let lock: FileLock

    private init(_ lock: FileLock) { self.lock = lock }

    /// For one that opens the file. If a restore was cut off, it is finished first.
    /// - Parameter path: as `FilePath.resolve` gives it.
    /// - Throws: `busy` while a restore is at work.
    static func shared(_ path: String) throws(SQLiteError) -> UseLock {
        let lock = try file(path)
        let deadline = monotonicNanoseconds() &+ patience
        while true {
            if try lock.tryLockShared() {
                if !RestoreFiles(path).isUnfinished { return UseLock(lock) }
                lock.unlock()
                // Alone, but not for long: whoever else opens the file waits for the same.
                if try lock.tryLock() { try RestoreFiles(path).finish() }
                lock.unlock()
            }
            guard monotonicNanoseconds() < deadline else {
                throw SQLiteError(.busy, "a restore of \(path) is at work; start again when it is done")
            }
            usleep(20_000)
        }
    }

    /// For one that replaces the file.
    /// - Throws: `busy` when anybody uses it.
    static func alone(_ path: String) throws(SQLiteError) -> UseLock {
        let lock = try file(path)
        guard try lock.tryLock() else {
            throw SQLiteError(.busy, "\(path) is in use: stop every service that runs on it first")
        }
        return UseLock(lock)
    }

    func release() { lock.unlock() }

    private static func file(_ path: String) throws(SQLiteError) -> FileLock {
        let lock = try FileLock(path: path + ".in-use.lock")
        lock.shareOwner(of: path)
        return lock
    }
}
