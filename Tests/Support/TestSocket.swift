import Foundation
import Glibc

/// A blocking TCP connection to 127.0.0.1 with a deadline on every call.
package final class TestSocket: @unchecked Sendable {
    // `descriptor` is closed once, under the lock; reads and writes of one socket belong to one thread at a time, and
    // another thread may only call `cut`.
    private let descriptor: Int32
    private let timeout: Double
    private let isClosed = Guarded(false)

    /// - Parameter timeout: seconds that connecting, one read or one write may take.
    package init(port: UInt16, timeout: Double = 10) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SupportError("socket: \(String(cString: strerror(errno)))") }
        var address = loopback(port)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            let text = String(cString: strerror(errno))
            Glibc.close(descriptor)
            throw SupportError("connecting to 127.0.0.1:\(port): \(text)")
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        self.descriptor = descriptor
        self.timeout = timeout
    }

    /// Takes over a descriptor from `accept`.
    init(accepted descriptor: Int32, timeout: Double) {
        self.descriptor = descriptor
        self.timeout = timeout
    }

    deinit { close() }

    package func write(_ text: String) throws { try write(Array(text.utf8)) }

    package func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT, "writing")
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { throw SupportError("writing: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// What has arrived, at most `limit` octets; empty at the end of the stream.
    package func read(upTo limit: Int = 65_536) throws -> [UInt8] {
        while true {
            try wait(for: POLLIN, "reading")
            var buffer = [UInt8](repeating: 0, count: limit)
            let count = recv(descriptor, &buffer, limit, Int32(MSG_DONTWAIT))
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count >= 0 else { throw SupportError("reading: \(String(cString: strerror(errno)))") }
            return Array(buffer[..<count])
        }
    }

    /// Everything up to the end of the stream.
    package func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try read()
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    /// Says that no more is sent; the other direction stays open.
    package func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends both directions, from any thread; a blocked read returns.
    package func cut() {
        isClosed.read { if !$0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    /// Ends the connection with a reset instead of a goodbye, from any thread.
    package func reset() {
        isClosed.read {
            // Connecting to "no address" aborts a TCP connection and leaves its descriptor to whoever is using it.
            var nowhere = sockaddr(sa_family: sa_family_t(AF_UNSPEC), sa_data: sockaddr().sa_data)
            if !$0 { connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size)) }
        }
    }

    /// Whether nothing has arrived, not even the end: an idle connection that can still be used.
    package var isQuiet: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    package func close() {
        isClosed.update {
            if !$0 { Glibc.close(descriptor) }
            $0 = true
        }
    }

    private func wait(for events: Int32, _ what: String) throws {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let deadline = Date(timeIntervalSinceNow: timeout)
        while true {
            let left = deadline.timeIntervalSinceNow
            let count = poll(&entry, 1, Int32(max(0, min(left * 1000, 1e9))))
            if count > 0 { return }
            if count < 0 && errno == EINTR { continue }
            throw SupportError("\(what) took longer than \(timeout) s")
        }
    }
}
