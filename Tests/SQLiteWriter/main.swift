// A second process for the tests of SQLite: it opens the same file and does what its first argument says. It prints
// "ready" when it is set up, and goes on when it is sent a line.
import Glibc
import SQLite
import Synchronized

func say(_ line: String) {
    print(line)
    fflush(nil)
}

func waitForLine() { _ = readLine() }

let arguments = CommandLine.arguments
guard arguments.count >= 3 else { exit(2) }
let path = arguments[2]

do {
    switch arguments[1] {
    case "write":
        guard arguments.count == 7, let count = Int(arguments[4]), let milliseconds = Int(arguments[5]),
            let pages = Int(arguments[6])
        else { exit(2) }
        try await write(arguments[3], count, milliseconds: milliseconds, checkpointPages: pages)
    case "ledger":
        guard arguments.count == 6, let pages = Int(arguments[5]) else { exit(2) }
        try await Ledger.write(path, origin: arguments[3], file: arguments[4], checkpointPages: pages)
    case "restore": try restoreAndDie()
    case "lock": try holdLock()
    case "die": try await dieInTransaction()
    case "open": try openAsNobody()
    case "limited": try await writeAgainstLimit()
    case "probe": try probe()
    case "turnstile": try passTurnstile(milliseconds: Int(arguments[3]) ?? 1000)
    default: exit(2)
    }
} catch let error as SQLiteError {
    say("error \(error.code.rawValue) \(error.message)")
    exit(1)
}

/// Writes in four closed loops, so that it wants the lock again as soon as it has given it up: until each has written
/// `most` rows, or time is up. Prints each commit group and checkpoint with its times, then the rows and the longest wait.
func write(_ origin: String, _ most: Int, milliseconds: Int, checkpointPages: Int) async throws {
    let events = Lock<[String]>([])
    let began = Lock<UInt64>(0)
    var configuration = Configuration()
    configuration.checkpointPages = checkpointPages
    configuration.observer = { event in
        let now = monotonicNanoseconds()
        switch event {
        case .groupBegan, .checkpointBegan: began.withLock { $0 = now }
        case .groupEnded: events.withLock { $0.append("commit \(began.withLock { $0 }) \(now)") }
        case .checkpointEnded: events.withLock { $0.append("checkpoint \(began.withLock { $0 }) \(now)") }
        }
    }
    let database = try Database(path: path, configuration: configuration)
    say("ready")
    waitForLine()
    let end = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    @Sendable func loop() async throws -> (count: Int, longest: UInt64) {
        var count = 0
        var longest: UInt64 = 0
        while count < most, monotonicNanoseconds() < end {
            let start = monotonicNanoseconds()
            let number = count
            try await database.write { connection in
                try connection.run(
                    "INSERT INTO entry(origin, number, body) VALUES(?, ?, ?)", origin, number, "some text")
            }
            longest = max(longest, monotonicNanoseconds() - start)
            count += 1
        }
        return (count, longest)
    }
    let (count, longest) = try await withThrowingTaskGroup(of: (count: Int, longest: UInt64).self) { tasks in
        for _ in 0..<4 { tasks.addTask { try await loop() } }
        return try await tasks.reduce((0, 0)) { ($0.0 + $1.count, max($0.1, $1.longest)) }
    }
    await database.close()
    for event in events.withLock({ $0 }) { say(event) }
    say("count \(count) \(longest)")
}

/// Restores the third argument over the database and ends by SIGKILL at the step that the fourth names.
func restoreAndDie() throws {
    let outcome = try Restore.run(
        arguments[3], over: path, newest: .max,
        observer: { step in if arguments.count > 4, step.rawValue == arguments[4] { kill(getpid(), SIGKILL) } },
        prepare: { copy, _ in try copy.run("INSERT INTO name VALUES('restored')") })
    say("restored \(outcome.octets)")
}

/// Behaves like a foreign program: takes SQLite's write lock without the turnstile.
func holdLock() throws {
    let connection = try Connection(path: path)
    try connection.transaction(.immediate) {
        say("ready")
        waitForLine()
    }
}

/// Ends by SIGKILL in the middle of a commit group, holding all locks.
func dieInTransaction() async throws {
    let database = try Database(path: path)
    try await database.write { connection in
        try connection.run("INSERT INTO entry(origin, number, body) VALUES('dead', 0, '')")
        say("ready")
        waitForLine()
        kill(getpid(), SIGKILL)
    }
}

/// Opens the file as a user who owns nothing, so that its permissions count.
func openAsNobody() throws {
    if geteuid() == 0 {
        guard setgid(65534) == 0, setuid(65534) == 0 else { exit(3) }
    }
    _ = try Database(path: path)
    say("opened")
}

/// Lets the kernel refuse to grow any file, so that COMMIT itself fails; then lifts the limit.
func writeAgainstLimit() async throws {
    signal(SIGXFSZ, SIG_IGN)
    let database = try Database(path: path)
    let body = String(repeating: "x", count: 3000)
    @Sendable func fill(_ label: String) async -> Int {
        await withTaskGroup(of: Bool.self) { tasks in
            for number in 0..<100 {
                tasks.addTask {
                    do {
                        try await database.write { connection in
                            try connection.run(
                                "INSERT INTO entry(origin, number, body) VALUES(?, ?, ?)", label, number, body)
                        }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await tasks.reduce(0) { $1 ? $0 + 1 : $0 }
        }
    }
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let usual = limit.rlim_cur
    limit.rlim_cur = 160 << 10
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let limited = await fill("limited")
    limit.rlim_cur = usual
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let free = await fill("free")
    await database.close()
    say("count \(limited) \(free)")
}

/// Takes the lock between processes, works for 0.2 ms, gives it up and wants it again at once. Prints how often.
func passTurnstile(milliseconds: Int) throws {
    let lock = try FairLock(database: path)
    say("ready")
    waitForLine()
    var count = 0
    let end = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    while monotonicNanoseconds() < end {
        try lock.acquire()
        let release = monotonicNanoseconds() + 200_000
        while monotonicNanoseconds() < release {}
        lock.release()
        count += 1
    }
    say("count \(count)")
}

/// Says for each line whether the lock of that file is free for another process.
func probe() throws {
    let lock = try FileLock(path: path)
    say("ready")
    while readLine() != nil {
        if try lock.tryLock() {
            lock.unlock()
            say("free")
        } else {
            say("held")
        }
    }
}
