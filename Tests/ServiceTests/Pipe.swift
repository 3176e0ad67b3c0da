import Foundation
import Glibc
import Synchronized
import Testing

/// A pipe whose reading end the test controls; both ends are closed with the value.
final class Pipe: Sendable {
    private let reader: CInt
    let writer: CInt
    private let isWriterOpen = Lock(true)

    init() throws {
        // As the services have it: writing to nobody is an error and not the end.
        signal(SIGPIPE, SIG_IGN)
        var ends: [CInt] = [0, 0]
        // A pair of sockets, since it can be made so that no process inherits it: a child that another test starts just now
        // would keep the writing end open.
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        closeWriter()
        close(reader)
    }

    func closeWriter() {
        isWriterOpen.withLock { isOpen in
            if isOpen { close(writer) }
            isOpen = false
        }
    }

    /// Makes writing block at once. Returns how many octets it took.
    func fill() -> Int {
        let flags = fcntl(writer, F_GETFL)
        _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
        let chunk = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
        var total = 0
        while true {
            let count = write(writer, chunk, chunk.count)
            if count <= 0 { break }
            total += count
        }
        _ = fcntl(writer, F_SETFL, flags)
        return total
    }

    /// Reads to the end on a thread of its own: the tests' pool has few, and those who write wait for the reader.
    func reading() -> Task<[UInt8], Never> {
        let result = AsyncStream<[UInt8]>.makeStream()
        Thread { [self] in
            result.continuation.yield(read(upTo: .max))
            result.continuation.finish()
        }.start()
        return Task {
            for await octets in result.stream { return octets }
            return []
        }
    }

    /// Waits until `count` octets were read, or the end.
    func read(upTo count: Int) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while all.count < count {
            let got = Glibc.read(reader, &chunk, min(chunk.count, count - all.count))
            if got < 0 && errno == EINTR { continue }
            if got <= 0 { break }
            all += chunk[..<got]
        }
        return all
    }
}
