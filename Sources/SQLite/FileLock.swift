import CSystem
import Glibc

/// An exclusive lock on a file of its own (flock(2)): held by one open description at a time, within a process as well
/// as between processes, and freed by the kernel when its holder dies.
///
/// The file is created and, as a rule, never removed: removing it would let two holders lock two files of one name. It must not be a
/// database file, since closing a descriptor of that would drop SQLite's locks.
package final class FileLock: Sendable {
    package let path: String
    private let descriptor: Int32

    package init(path: String) throws(SQLiteError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(.cannotOpen, "open lock file", path, errno: errno) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Waits for the lock, without limit.
    package func lock() throws(SQLiteError) {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .system(.io, "lock", path, errno: errno) }
        }
    }

    /// Waits for the lock up to `milliseconds`.
    /// - Returns: false when the time is over.
    package func lock(within milliseconds: Int) throws(SQLiteError) -> Bool {
        if delivery_flock_within(descriptor, max(1, milliseconds)) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw .system(.io, "lock", path, errno: errno) }
        return false
    }

    /// Takes the lock if it is free.
    package func tryLock() throws(SQLiteError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw .system(.io, "lock", path, errno: errno) }
        }
        return true
    }

    /// Removes the file, which stays locked for this description. Only for a name that nobody asks for again: see above.
    package func remove() { unlink(path) }

    /// The files whose paths begin with `prefix`, in no order; none when their directory cannot be read.
    package static func paths(beginning prefix: String) -> [String] {
        let slash = prefix.lastIndex(of: "/")
        let folder = slash.map { String(prefix[...$0]) } ?? ""
        let name = slash.map { String(prefix[prefix.index(after: $0)...]) } ?? prefix
        guard let directory = opendir(folder.isEmpty ? "." : folder) else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let each = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if each.hasPrefix(name) { found.append(folder + each) }
        }
        return found
    }

    /// Takes the lock together with others that take it so, unless somebody holds it alone; a lock held alone becomes a
    /// shared one.
    package func tryLockShared() throws(SQLiteError) -> Bool {
        while flock(descriptor, LOCK_SH | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw .system(.io, "lock", path, errno: errno) }
        }
        return true
    }

    /// Gives the lock's file to the owner of `other`, when this process may: what root makes, others must be able to open.
    func shareOwner(of other: String) {
        guard geteuid() == 0, let owner = FileState(other) else { return }
        _ = fchown(descriptor, owner.user, owner.group)
    }

    package func unlock() {
        while flock(descriptor, LOCK_UN) != 0 && errno == EINTR {}
    }
}

/// The queue for SQLite's write lock, which has none of its own, so that no writer starves.
///
/// A turnstile: whoever wants *main* first holds *next* and keeps it until it has *main*. So the holder of *main* that
/// releases it and wants it again at once stands behind the one that waits.
package final class FairLock: Sendable {
    private let next: FileLock
    private let main: FileLock

    /// `database`: the path as SQLite resolved it, so that every process uses the same two files.
    package init(database: String) throws(SQLiteError) {
        next = try FileLock(path: database + ".next.lock")
        main = try FileLock(path: database + ".main.lock")
    }

    /// Waits for the lock, without limit: as long as others hold it. For a thread that may block.
    package func acquire() throws(SQLiteError) {
        try next.lock()
        defer { next.unlock() }
        try main.lock()
    }

    /// Waits for the lock up to `milliseconds` in all: whoever holds it may be stopped, and does not come back by itself.
    /// - Parameter isEnding: asked now and then; true ends the wait early.
    /// - Throws: `busy` when the time is over.
    package func acquire(within milliseconds: Int, unless isEnding: () -> Bool = { false }) throws(SQLiteError) {
        let deadline = monotonicNanoseconds() &+ UInt64(clamping: milliseconds) &* 1_000_000
        guard try Self.wait(for: next, until: deadline, isEnding) else { throw Self.timedOut(milliseconds) }
        defer { next.unlock() }
        guard try Self.wait(for: main, until: deadline, isEnding) else { throw Self.timedOut(milliseconds) }
    }

    private static func wait(
        for lock: FileLock, until deadline: UInt64, _ isEnding: () -> Bool
    ) throws(SQLiteError) -> Bool {
        while true {
            let now = monotonicNanoseconds()
            let left = deadline > now ? Int(clamping: (deadline - now) / 1_000_000) : 0
            if try lock.lock(within: min(left, 250)) { return true }
            if left == 0 || isEnding() { return false }
        }
    }

    private static func timedOut(_ milliseconds: Int) -> SQLiteError {
        SQLiteError(.busy, "another process holds the write lock; waited for up to \(milliseconds) ms")
    }

    package func release() { main.unlock() }
}
