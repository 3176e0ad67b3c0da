import CSQLite
import Glibc

/// What SQLite's callbacks of one connection read and write, on the connection's thread. It has a fixed address.
struct ConnectionHooks {
    var busyLimit: UInt64
    var busyDeadline: UInt64 = 0
    var mayControl = true
    /// Asked now and then during a wait; true ends it early.
    var isHurried: () -> Bool = { false }
    /// Frames in the write-ahead log after this connection's last commit, of all processes.
    var walPages = 0

    static func install(on database: OpaquePointer, _ hooks: UnsafeMutablePointer<ConnectionHooks>) {
        // Also switches the automatic checkpoint off, which is a WAL hook of SQLite's own.
        sqlite3_wal_hook(
            database,
            { hooks, _, _, pages in
                hooks?.assumingMemoryBound(to: ConnectionHooks.self).pointee.walPages = Int(pages)
                return SQLITE_OK
            }, hooks)
        sqlite3_busy_handler(
            database,
            { hooks, attempt in
                hooks?.assumingMemoryBound(to: ConnectionHooks.self).pointee.waitWhileBusy(attempt) == true ? 1 : 0
            }, hooks)
        sqlite3_set_authorizer(
            database,
            { hooks, action, first, _, _, _ in
                guard let hooks, !hooks.assumingMemoryBound(to: ConnectionHooks.self).pointee.mayControl else {
                    return SQLITE_OK
                }
                return ConnectionHooks.isReserved(action, first) ? SQLITE_DENY : SQLITE_OK
            }, hooks)
    }

    /// Foreign programs know no turnstile: their lock is tried again in short waits, 50 µs growing to 200 µs.
    private mutating func waitWhileBusy(_ attempt: Int32) -> Bool {
        let now = monotonicNanoseconds()
        if attempt == 0 { busyDeadline = now &+ busyLimit }
        guard now < busyDeadline else { return false }
        // After some 200 ms, and then as often.
        if attempt % 1024 == 1023, isHurried() { return false }
        var pause = timespec(tv_sec: 0, tv_nsec: 50_000 + 10_000 * Int(min(attempt, 15)))
        nanosleep(&pause, nil)
        return true
    }

    /// What only this module may do: transactions belong to the group commit, checkpoints to the writer under its lock.
    private static func isReserved(_ action: Int32, _ first: UnsafePointer<CChar>?) -> Bool {
        switch action {
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT, SQLITE_ATTACH, SQLITE_DETACH: return true
        case SQLITE_PRAGMA:
            guard let first else { return true }
            let reserved: [StaticString] = [
                "wal_checkpoint", "wal_autocheckpoint", "journal_mode", "locking_mode", "synchronous", "mmap_size",
                "query_only", "writable_schema",
            ]
            return reserved.contains { name in
                name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
                    strcasecmp(first, $0) == 0
                }
            }
        default: return false
        }
    }
}
