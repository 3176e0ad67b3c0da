import SQLite
import Synchronized

/// Whose outbox rows this process publishes: those of its own instance, and those of instances that are not alive.
///
/// A row belongs to the instance that stored it. An instance is alive as long as it holds the lock on a file of its own
/// beside the database, which the kernel frees when its process ends, however it ends: so another one takes over at once,
/// and no clock is asked. A process that is only stopped keeps its rows.
package final class OutboxLeases: Sendable {
    /// The number of this process's instance: in each row that it stores.
    package let own: Int
    private let database: Database
    private let locks: Lock<[Int: FileLock]>

    private init(_ database: Database, _ own: Int, _ lock: FileLock) {
        self.database = database
        self.own = own
        locks = Lock([own: lock])
    }

    /// Registers an instance. One commit.
    package static func begin(service: String, _ database: Database) async throws -> OutboxLeases {
        let path = database.path
        let (id, lock) = try await database.write { db in
            try Self.sweep(path, in: db)
            // A number whose file is held belongs to a process that knew this path before another file was put there.
            for _ in 0..<100 {
                let id = try InstanceRecords.insert(service, at: .now, in: db)
                // Before others see the row: one whose file is free is not alive.
                let lock = try FileLock(path: Self.file(of: id, path))
                if try lock.tryLock() { return (id, lock) }
                try InstanceRecords.delete(id, in: db)
            }
            throw SQLiteError(.busy, "other processes hold the lock files of instances beside \(path)")
        }
        return OutboxLeases(database, id, lock)
    }

    package static func file(of id: Int, _ database: String) -> String { "\(database).instance-\(id).lock" }

    /// The instances whose rows this process publishes, oldest first.
    package var held: [Int] { locks.withLock { $0.keys.sorted() } }

    /// Takes over the instances that are not alive. A read of a few rows; when nobody has gone it writes nothing.
    /// - Returns: those among them whose rows wait.
    package func takeOver() async throws -> [Int] {
        let known = Set(held)
        let path = database.path
        let free = try await database.read { db in
            // On the reader's thread: it opens files.
            try InstanceRecords.ids(in: db).subtracting(known).sorted().compactMap { id -> (Int, FileLock)? in
                let lock = try FileLock(path: Self.file(of: id, path))
                return try lock.tryLock() ? (id, lock) : nil
            }
        }
        guard !free.isEmpty else { return [] }
        locks.withLock { locks in
            for (id, lock) in free where locks[id] == nil { locks[id] = lock }
        }
        // What the read before saw may be from before the lock: another process may have finished that instance since.
        return try await releaseEmpty()
    }

    /// Gives up the instances of others that have no rows any more.
    /// - Returns: those that have some.
    @discardableResult
    package func releaseEmpty() async throws -> [Int] {
        let others = held.filter { $0 != own }
        guard !others.isEmpty else { return [] }
        let waiting = try await database.read { db in try others.filter { try InstanceRecords.hasRows($0, in: db) } }
        for id in others where !waiting.contains(id) { try await release(id) }
        return waiting
    }

    /// The end of this instance: what it leaves in the outbox is taken over by others, at once.
    package func end() async throws {
        try await releaseEmpty()
        try await release(own)
        locks.withLock { $0 = [:] }
        let path = database.path
        try await database.write { db in try Self.sweep(path, in: db) }
    }

    private func release(_ id: Int) async throws {
        let lock = locks.withLock { $0[id] }
        let isEmpty = try await database.write { db in
            if try InstanceRecords.hasRows(id, in: db) { return false }
            try InstanceRecords.delete(id, in: db)
            // Before the commit, so that a process that dies in between leaves an entry, which others find, and no file.
            // Nobody asks for this number again, so that nobody can lock a second file of this name for it.
            lock?.remove()
            return true
        }
        if isEmpty { locks.withLock { _ = $0.removeValue(forKey: id) } }
    }

    /// Removes the files of instances that have no entry any more: who reads the entries, and opens such a file while
    /// its instance ends, makes it anew, and may die before it is removed. In a transaction that writes, so that no
    /// instance is just being registered.
    private static func sweep(_ path: String, in db: Connection) throws {
        let (head, tail) = ("\(path).instance-", ".lock")
        let numbers = FileLock.paths(beginning: head).compactMap { file in
            file.hasSuffix(tail) ? Int(file.dropFirst(head.count).dropLast(tail.count)) : nil
        }
        guard !numbers.isEmpty else { return }
        for id in Set(numbers).subtracting(try InstanceRecords.ids(in: db)) {
            let lock = try FileLock(path: file(of: id, path))
            if try lock.tryLock() { lock.remove() }
        }
    }
}
