import Bytes
import CSystem
import EventLoop
import Glibc
import Synchronized

package enum LogLevel: String, CaseIterable, Sendable, Comparable {
    case debug, info, warning, error

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }
}

package enum LogFormat: String, CaseIterable, Sendable {
    case text, json
}

/// A value of a log line.
package enum LogValue: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringInterpolation
{
    case text(String)
    case number(Int)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .number(value) }
    package init(_ value: String) { self = .text(value) }
    package init(_ value: Int) { self = .number(value) }
    package init(_ value: some CustomStringConvertible) { self = .text(value.description) }
}

/// Writes one line an event to standard output, as JSON or as text. Secrets are never given to it.
///
/// Lines are written by a thread of its own, so that a reader that stands still (a full pipe) stops no event loop. At most
/// 1 MiB waits; what comes then is counted and the number is logged when there is room again. The thread keeps the logger
/// until `close`.
package final class Logger: Sendable {
    private struct State: ~Copyable {
        var buffer = ByteBuffer()
        var dropped = 0
        var isClosing = false
    }

    private let level: LogLevel
    private let format: LogFormat
    private let service: String
    private let descriptor: CInt
    private let state = Lock(State())
    private let wakeUp: CInt
    /// Readable once the thread is at its end.
    private let ended: CInt
    private let thread = Lock<pthread_t?>(nil)
    private let most = 1 << 20

    package init(service: String, level: LogLevel, format: LogFormat, descriptor: CInt = STDOUT_FILENO) {
        self.service = service
        self.level = level
        self.format = format
        self.descriptor = descriptor
        wakeUp = eventfd(0, CInt(EFD_CLOEXEC))
        ended = eventfd(0, CInt(EFD_CLOEXEC))
        thread.withLock { $0 = try? spawnThread(named: "log") { [self] in drain() } }
    }

    deinit {
        Glibc.close(wakeUp)
        Glibc.close(ended)
    }

    package func debug(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        log(.debug, message, fields)
    }
    package func info(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        log(.info, message, fields)
    }
    package func warning(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        log(.warning, message, fields)
    }
    package func error(_ message: String, _ fields: KeyValuePairs<String, LogValue> = [:]) {
        log(.error, message, fields)
    }

    package func isEnabled(_ level: LogLevel) -> Bool { level >= self.level }

    private func log(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, LogValue>) {
        guard isEnabled(level) else { return }
        let line = LogLine(format: format, service: service)
        let needsWake = state.withLock { state in
            guard state.buffer.count < most, !state.isClosing else {
                state.dropped += 1
                return false
            }
            let wasEmpty = state.buffer.isEmpty
            Self.tellDropped(line, &state)
            line.append(level, message, fields, to: &state.buffer)
            return wasEmpty
        }
        if needsWake { wake() }
    }

    private static func tellDropped(_ line: LogLine, _ state: inout State) {
        guard state.dropped > 0 else { return }
        line.append(.warning, "log lines were dropped", ["count": .number(state.dropped)], to: &state.buffer)
        state.dropped = 0
    }

    private func wake() { Self.signal(wakeUp) }

    private static func signal(_ descriptor: CInt) {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    private func drain() {
        var count: UInt64 = 0
        while true {
            let got = read(wakeUp, &count, 8)
            if got < 0 && errno == EINTR { continue }
            let isClosing = flush()
            if isClosing || got <= 0 { break }
        }
        Self.signal(ended)
    }

    private func flush() -> Bool {
        let (pending, isClosing) = state.withLock { state in
            let octets = state.buffer.array
            state.buffer.clear()
            if state.buffer.capacity > 64 * 1024 { state.buffer.release() }
            return (octets, state.isClosing)
        }
        pending.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 && errno == EINTR { continue }
                if written < 0 && errno == EAGAIN {
                    // Somebody who shares the descriptor made it non-blocking.
                    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&entry, 1, -1)
                    continue
                }
                if written <= 0 { return }
                rest = rest.dropFirst(written)
            }
        }
        return isClosing
    }

    /// Writes what waits and ends the thread. Later lines are dropped. When nobody reads, it gives up after `patience`
    /// milliseconds: a log must not keep a service from ending.
    package func close(patience: CInt = 500) {
        let line = LogLine(format: format, service: service)
        state.withLock { state in
            if !state.isClosing { Self.tellDropped(line, &state) }
            state.isClosing = true
        }
        wake()
        let thread = thread.withLock { value in
            let taken = value
            value = nil
            return taken
        }
        guard let thread else { return }
        var entry = pollfd(fd: ended, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, patience) == 1 { pthread_join(thread, nil) } else { pthread_detach(thread) }
    }
}
