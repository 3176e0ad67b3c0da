import CSQLite
import Glibc

/// SQLite's own file access with one difference: what a commit appends to the write-ahead log, two small writes for each
/// page, goes to the file in few large ones. (A VFS shim: sqlite.org/vfs.html.)
///
/// Nothing that another connection may know of is missing in the file: what is gathered is written before the log is
/// synced or read, with the frame that ends a commit at the latest, and before the shared index of the log is published
/// (`xShmBarrier`). So only the holder of SQLite's write lock ever has something gathered; what is left when it gives up
/// the lock (`xShmLock`) was rolled back.
///
/// A write that fails tells it to the statement that runs, and what is gathered stays: SQLite ends a transaction when it
/// cannot write, but not always when it cannot read, and the frames that it handed over before would be missing.
enum GatheredLog {
    /// The name to open a database with; nil, which means SQLite's own, where it could not be added.
    static let name: String? = isRegistered ? label : nil

    private static let label = "delivery-gathered-log"

    // Written once, before anybody can read it, and SQLite never changes or frees it.
    private nonisolated(unsafe) static let system = sqlite3_vfs_find(nil)

    private static let isRegistered: Bool = {
        guard let system else { return false }
        // Both live as long as the process.
        let files = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        files.initialize(to: system.pointee)
        files.pointee.pNext = nil
        files.pointee.zName = UnsafePointer(strdup(label))
        files.pointee.xOpen = { _, name, file, flags, outFlags in
            guard let system = GatheredLog.system, let open = system.pointee.xOpen else { return SQLITE_CANTOPEN }
            let result = open(system, name, file, flags, outFlags)
            if result == SQLITE_OK, let file { GatheredLog.didOpen(file, name, flags) }
            return result
        }
        return sqlite3_vfs_register(files, 0) == SQLITE_OK
    }()

    /// Puts our functions into the place of a few of SQLite's.
    private static func didOpen(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ name: UnsafePointer<CChar>?, _ flags: Int32
    ) {
        guard let methods = file.pointee.pMethods else { return }
        if flags & SQLITE_OPEN_MAIN_DB != 0, methods.pointee.iVersion >= 2 {
            ObservedFile.observe(file, methods) { methods in
                methods.xShmLock = { file, offset, count, flags in
                    guard let file else { return SQLITE_IOERR }
                    let own = ObservedFile.of(file)
                    own.pointee.changeLock(offset, flags)
                    return own.pointee.original.pointee.xShmLock(file, offset, count, flags)
                }
                methods.xShmBarrier = { file in
                    guard let file else { return }
                    let own = ObservedFile.of(file)
                    own.pointee.writeLog()
                    own.pointee.original.pointee.xShmBarrier(file)
                }
                methods.xClose = ObservedFile.closing
            }
        } else if flags & SQLITE_OPEN_WAL != 0, let name, let database = sqlite3_database_file_object(name),
            ObservedFile.isObserved(database)
        {
            let own = ObservedFile.observe(file, methods, useLog)
            own.pointee.other = database
            ObservedFile.of(database).pointee.other = file
        }
    }

    private static func useLog(_ methods: inout sqlite3_io_methods) {
        methods.xWrite = { file, octets, count, offset in
            guard let file, let octets else { return SQLITE_IOERR }
            return ObservedFile.of(file).pointee.write(
                UnsafeRawBufferPointer(start: octets, count: Int(count)), at: offset, to: file)
        }
        methods.xRead = { file, octets, count, offset in
            guard let file else { return SQLITE_IOERR }
            let own = ObservedFile.of(file)
            let result = own.pointee.writeOut(to: file)
            return result == SQLITE_OK ? own.pointee.original.pointee.xRead(file, octets, count, offset) : result
        }
        methods.xSync = { file, flags in
            guard let file else { return SQLITE_IOERR }
            let own = ObservedFile.of(file)
            let result = own.pointee.writeOut(to: file)
            return result == SQLITE_OK ? own.pointee.original.pointee.xSync(file, flags) : result
        }
        methods.xTruncate = { file, size in
            guard let file else { return SQLITE_IOERR }
            let own = ObservedFile.of(file)
            let result = own.pointee.writeOut(to: file)
            return result == SQLITE_OK ? own.pointee.original.pointee.xTruncate(file, size) : result
        }
        methods.xFileSize = { file, size in
            guard let file else { return SQLITE_IOERR }
            let own = ObservedFile.of(file)
            let result = own.pointee.writeOut(to: file)
            return result == SQLITE_OK ? own.pointee.original.pointee.xFileSize(file, size) : result
        }
        methods.xClose = ObservedFile.closing
    }
}

/// What belongs to an open file whose functions are ours. It lies in memory behind the table of its functions, to which
/// the file points. SQLite uses the files of a connection on one thread at a time.
private struct ObservedFile {
    /// Some thirty pages of 4 KiB with their heads.
    private static let capacity = 128 * 1024
    /// Of a frame's head (sqlite.org/fileformat2.html#wal_file_format).
    private static let headSize = 24

    let original: UnsafePointer<sqlite3_io_methods>
    /// The log of a database, the database of a log.
    var other: UnsafeMutablePointer<sqlite3_file>?
    private var gathered: UnsafeMutableRawPointer?
    private var count = 0
    private var start: Int64 = 0
    /// The frame whose head was written last ends a commit.
    private var endsCommit = false

    private init(_ original: UnsafePointer<sqlite3_io_methods>) { self.original = original }

    @discardableResult
    static func observe(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ methods: UnsafePointer<sqlite3_io_methods>,
        _ change: (inout sqlite3_io_methods) -> Void
    ) -> UnsafeMutablePointer<ObservedFile> {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<sqlite3_io_methods>.stride + MemoryLayout<ObservedFile>.stride, alignment: 16)
        let table = memory.bindMemory(to: sqlite3_io_methods.self, capacity: 1)
        table.initialize(to: methods.pointee)
        change(&table.pointee)
        let own = (memory + MemoryLayout<sqlite3_io_methods>.stride).bindMemory(to: ObservedFile.self, capacity: 1)
        own.initialize(to: ObservedFile(methods))
        file.pointee.pMethods = UnsafePointer(table)
        return own
    }

    /// Whether it is a database that this module opened.
    static func isObserved(_ file: UnsafeMutablePointer<sqlite3_file>) -> Bool {
        guard let methods = file.pointee.pMethods else { return false }
        return unsafeBitCast(methods.pointee.xClose, to: UInt.self) == unsafeBitCast(closing, to: UInt.self)
    }

    @inline(__always)
    static func of(_ file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<ObservedFile> {
        let table = UnsafeMutableRawPointer(mutating: file.pointee.pMethods.unsafelyUnwrapped)
        return (table + MemoryLayout<sqlite3_io_methods>.stride).assumingMemoryBound(to: ObservedFile.self)
    }

    static let closing: @convention(c) (UnsafeMutablePointer<sqlite3_file>?) -> Int32 = { file in
        file.map { ObservedFile.close($0) } ?? SQLITE_IOERR
    }

    private static func close(_ file: UnsafeMutablePointer<sqlite3_file>) -> Int32 {
        let own = of(file)
        let table = UnsafeMutableRawPointer(mutating: file.pointee.pMethods)
        let original = own.pointee.original
        if let other = own.pointee.other { of(other).pointee.other = nil }
        free(own.pointee.gathered)
        own.deinitialize(count: 1)
        file.pointee.pMethods = original
        table?.deallocate()
        return original.pointee.xClose(file)
    }

    /// Of a database: writes what its log has gathered. Who calls it has no way to fail, so the next use of the log does.
    mutating func writeLog() {
        guard let log = other else { return }
        _ = Self.of(log).pointee.writeOut(to: log)
    }

    /// Of a database: one of the locks of its log's index changes. The first is the write lock, which SQLite gives up after
    /// a commit, with which all was written, or a rollback, after which the place in the log is another one's.
    mutating func changeLock(_ offset: Int32, _ flags: Int32) {
        guard offset == 0, flags & SQLITE_SHM_UNLOCK != 0 else { return writeLog() }
        guard let log = other else { return }
        Self.of(log).pointee.count = 0
    }

    /// Of a log: writes what is gathered; what cannot be written stays. Returns SQLite's result code.
    mutating func writeOut(to file: UnsafeMutablePointer<sqlite3_file>) -> Int32 {
        guard count > 0 else { return SQLITE_OK }
        let result = original.pointee.xWrite(file, gathered, Int32(count), start)
        if result == SQLITE_OK { count = 0 }
        return result
    }

    /// Of a log. Returns SQLite's result code.
    mutating func write(
        _ octets: UnsafeRawBufferPointer, at offset: Int64, to file: UnsafeMutablePointer<sqlite3_file>
    ) -> Int32 {
        if count > 0, offset != start + Int64(count) || count + octets.count > Self.capacity {
            let result = writeOut(to: file)
            if result != SQLITE_OK { return result }
        }
        if gathered == nil { gathered = malloc(Self.capacity) }
        guard let gathered, let base = octets.baseAddress, octets.count <= Self.capacity else {
            return original.pointee.xWrite(file, octets.baseAddress, Int32(octets.count), offset)
        }
        if count == 0 { start = offset }
        memcpy(gathered + count, base, octets.count)
        count += octets.count
        if octets.count == Self.headSize {
            // The size of the database after the commit; 0 in all other frames.
            endsCommit = octets[4..<8].contains { $0 != 0 }
            return SQLITE_OK
        }
        defer { endsCommit = false }
        guard endsCommit else { return SQLITE_OK }
        let result = writeOut(to: file)
        // A commit that failed must never come into the file later.
        if result != SQLITE_OK { count -= octets.count }
        return result
    }
}
