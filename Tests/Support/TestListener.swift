import Foundation
import Glibc

/// Listens on a port of 127.0.0.1 and hands every connection to a handler on a thread of its own: the other side of a
/// client under test.
package final class TestListener: Sendable {
    package let port: UInt16
    private let descriptor: Guarded<Int32>

    /// - Parameter timeout: seconds that one read or write of an accepted connection may take.
    package init(
        port: UInt16? = nil, timeout: Double = 10, handler: @escaping @Sendable (TestSocket) throws -> Void
    ) throws {
        let port = try port ?? FreePort.next()
        let listener = try Self.listen(on: port)
        self.port = port
        descriptor = Guarded(listener)
        Thread.detachNewThread {
            while let accepted = Self.acceptOne(listener) {
                let socket = TestSocket(accepted: accepted, timeout: timeout)
                Thread.detachNewThread {
                    try? handler(socket)
                    socket.close()
                }
            }
            Glibc.close(listener)
        }
    }

    deinit { close() }

    /// Refuses connections from now on; those that were accepted stay.
    package func close() {
        let listener = descriptor.update { descriptor -> Int32 in
            defer { descriptor = -1 }
            return descriptor
        }
        // The accepting thread wakes and closes it.
        if listener >= 0 { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private static func listen(on port: UInt16) throws -> Int32 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        // The thread that closes the previous listener of this port may be a moment behind.
        for _ in 0..<200 {
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if bound == 0 && Glibc.listen(listener, 512) == 0 { return listener }
            usleep(5000)
        }
        let text = String(cString: strerror(errno))
        Glibc.close(listener)
        throw SupportError("listening on 127.0.0.1:\(port): \(text)")
    }

    private static func acceptOne(_ listener: Int32) -> Int32? {
        while true {
            let descriptor = accept(listener, nil, nil)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                return descriptor
            }
            if errno != EINTR && errno != ECONNABORTED { return nil }
        }
    }
}
