import CSystem
import Glibc

/// What the file system says of a path, links followed. It opens nothing: closing a descriptor of a database file would
/// drop SQLite's locks.
struct FileState {
    enum Kind: String {
        case regular = "a file"
        case folder = "a folder"
        case other = "no regular file"
    }

    let kind: Kind
    let size: Int
    let mode: mode_t
    let user: uid_t
    let group: gid_t
    let modified: Int
    private let device: dev_t
    private let inode: ino_t

    /// Nil when there is nothing, or nothing that may be looked at.
    init?(_ path: String) {
        var state = stat()
        guard stat(path, &state) == 0 else { return nil }
        kind =
            switch state.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            default: .other
            }
        size = Int(state.st_size)
        mode = state.st_mode & 0o7777
        (user, group) = (state.st_uid, state.st_gid)
        modified = state.st_mtim.tv_sec
        (device, inode) = (state.st_dev, state.st_ino)
    }

    func isSameFile(as other: FileState) -> Bool { device == other.device && inode == other.inode }
}

enum FilePath {
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Absolute and without symbolic links, as SQLite will resolve it; the file itself need not exist.
    static func resolve(_ path: String) throws(SQLiteError) -> String {
        // SQLite would take the empty name for a temporary database, and cut a name at NUL.
        guard !path.isEmpty, !path.utf8.contains(0) else { throw SQLiteError(.cannotOpen, "not a file name") }
        var path = path
        for _ in 0..<40 {
            if let real = real(path) { return real }
            guard let target = linkTarget(path) else { break }
            path = target.hasPrefix("/") ? target : folder(of: path) + "/" + target
        }
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard !name.isEmpty, let parent = real(folder(of: path)) else {
            throw SQLiteError(.cannotOpen, "unable to open database file: \(path): there is no such folder")
        }
        return parent == "/" ? "/\(name)" : "\(parent)/\(name)"
    }

    private static func real(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    private static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlink(path, base, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    static func sync(_ path: String, _ flags: Int32) throws(SQLiteError) {
        let descriptor = open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.cannotOpen, "open", path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(.io, "sync", path, errno: errno) }
    }

    /// Makes what was renamed in the folder of `path` outlast a loss of power.
    static func syncFolder(of path: String) throws(SQLiteError) { try sync(folder(of: path), O_RDONLY | O_DIRECTORY) }

    static func rename(_ path: String, to target: String) throws(SQLiteError) {
        guard Glibc.rename(path, target) == 0 else { throw .system(.io, "rename to \(target)", path, errno: errno) }
    }

    /// Removes a database file that nobody uses, with what SQLite puts beside it.
    static func remove(database path: String) {
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }
}
