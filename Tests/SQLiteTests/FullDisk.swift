import CSQLite
import Glibc
import Synchronization

/// A disk that takes nothing more of one file, for SQLite in this process (sqlite.org/c3ref/vfs.html, `xSetSystemCall`).
enum FullDisk {
    /// The file; 0 for none.
    private static let file = Atomic<UInt64>(0)

    static func during(_ path: String, _ body: () throws -> Void) throws {
        _ = isInPlace
        var state = stat()
        guard stat(path, &state) == 0 else { return try body() }
        file.store(UInt64(state.st_ino), ordering: .releasing)
        defer { file.store(0, ordering: .releasing) }
        return try body()
    }

    private static func isFull(_ descriptor: Int32) -> Bool {
        let full = file.load(ordering: .acquiring)
        guard full != 0 else { return false }
        var state = stat()
        guard fstat(descriptor, &state) == 0, UInt64(state.st_ino) == full else { return false }
        errno = ENOSPC
        return true
    }

    /// Whichever of them SQLite was built to use.
    private static let isInPlace: Bool = {
        guard let system = sqlite3_vfs_find(nil), let replace = system.pointee.xSetSystemCall else { return false }
        let write: @convention(c) (Int32, UnsafeRawPointer?, Int) -> Int = { descriptor, octets, count in
            FullDisk.isFull(descriptor) ? -1 : Glibc.write(descriptor, octets, count)
        }
        let writeAt: @convention(c) (Int32, UnsafeRawPointer?, Int, off_t) -> Int = { descriptor, octets, count, at in
            FullDisk.isFull(descriptor) ? -1 : Glibc.pwrite(descriptor, octets, count, at)
        }
        _ = replace(system, "write", unsafeBitCast(write, to: sqlite3_syscall_ptr.self))
        _ = replace(system, "pwrite", unsafeBitCast(writeAt, to: sqlite3_syscall_ptr.self))
        _ = replace(system, "pwrite64", unsafeBitCast(writeAt, to: sqlite3_syscall_ptr.self))
        return true
    }()
}
