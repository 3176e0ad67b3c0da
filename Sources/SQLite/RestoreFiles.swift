import Glibc

/// The files of a restore, and its second half, which anybody can do and do again.
///
/// A restore makes the new file complete under another name and then renames it to `….restoring`: until then the old
/// state counts, from then on the new one. What is left (to put the old files aside and the new one into their place)
/// is finished by whoever opens the database next, should the restore be killed. The old log must be out of the way
/// before the new file comes: SQLite would play it into that.
struct RestoreFiles {
    let path: String

    init(_ path: String) { self.path = path }

    var draft: String { path + ".restore.tmp" }
    private var next: String { path + ".restoring" }

    var isUnfinished: Bool { FileState(next) != nil }

    /// Where the old file goes. The new file's own time names it, so that every attempt to finish finds the same name.
    static func aside(_ path: String, _ file: FileState) -> String {
        "\(path).before-restore-\(file.modified)"
    }

    /// The point of no return: the draft becomes what counts.
    /// - Returns: where the old file will be.
    func commit() throws(SQLiteError) -> String {
        try FilePath.sync(draft, O_RDWR)
        while let file = FileState(draft), FileState(Self.aside(path, file)) != nil {
            // Another restore in the same second.
            usleep(100_000)
            utimes(draft, nil)
        }
        guard let file = FileState(draft) else { throw .system(.io, "find", draft, errno: errno) }
        try FilePath.rename(draft, to: next)
        try FilePath.syncFolder(of: path)
        return Self.aside(path, file)
    }

    /// Under the lock that keeps everybody else out.
    func finish(_ observer: (Restore.Step) -> Void = { _ in }) throws(SQLiteError) {
        guard let file = FileState(next) else { return }
        let aside = Self.aside(path, file)
        if FileState(path) != nil, FileState(aside) != nil {
            throw SQLiteError(
                .cannotOpen,
                "a restore was interrupted, and since then somebody made a new \(path); move that away, then start again"
            )
        }
        // A rollback journal too, which a start that was killed may have left: it would be rolled back into the new file.
        for log in ["-wal", "-journal"] where FileState(path + log) != nil {
            try FilePath.rename(path + log, to: aside + log)
        }
        observer(.logMoved)
        if FileState(path) != nil { try FilePath.rename(path, to: aside) }
        observer(.fileMoved)
        unlink(path + "-shm")
        try FilePath.syncFolder(of: path)
        try FilePath.rename(next, to: path)
        try FilePath.syncFolder(of: path)
    }
}
