/// Threads with a connection each that read while the writer writes.
enum Readers {
    /// Starts the threads. Each connection belongs to its thread alone from then on.
    static func start(_ connections: [Connection], _ queue: JobQueue) throws(SQLiteError) {
        for (index, connection) in connections.enumerated() {
            // The connection was made by the caller, who gives it away here and keeps no reference.
            nonisolated(unsafe) let connection = connection
            try Thread.start("sqlite-reader-\(index)") { run(connection, queue, isFirst: index == 0) }
        }
    }

    private static func run(_ connection: Connection, _ queue: JobQueue, isFirst: Bool) {
        var wasActive = false
        while let job = queue.nextRead(isFirst: isFirst, wasActive: wasActive) {
            wasActive = true
            do {
                // Only now, with the job in hand: an older snapshot could lack what the job was told about.
                try connection.begin(.deferred)
                try job.run(connection)
                // It changed nothing: how its end goes takes nothing away from what was read.
                connection.rollback()
                queue.record { $0.reads += 1 }
                job.finish(nil)
            } catch {
                connection.rollback()
                queue.record { $0.failed += 1 }
                job.finish(error)
            }
        }
        connection.close()
        queue.threadEnded()
    }
}
