import Glibc

/// A blocking client for one request, and ports.
enum Probe {
    static func get(_ path: String, port: Int) throws -> (status: Int, body: String) {
        let descriptor = try connectedSocket(port)
        defer { close(descriptor) }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) == request.count else {
            throw BenchmarkError("send: errno \(errno)")
        }
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { reply += buffer[..<count] }
        let text = String(decoding: reply, as: UTF8.self)
        guard text.hasPrefix("HTTP/1.1 "), let status = Int(text.dropFirst(9).prefix(3)),
            let end = text.firstRange(of: "\r\n\r\n")
        else { throw BenchmarkError("this is no reply: \(text)") }
        return (status, String(text[end.upperBound...]))
    }

    static func connectedSocket(_ port: Int, receiveBuffer: CInt? = nil) throws -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<CInt>.size))
        }
        let code = withAddress(port) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        guard code == 0 else {
            let reason = errno
            close(descriptor)
            throw BenchmarkError("connect to port \(port): errno \(reason)")
        }
        return descriptor
    }

    /// Waits until something accepts connections on a port of loopback.
    static func waitUntilListening(_ port: Int) throws {
        for attempt in 1... {
            do {
                close(try connectedSocket(port))
                return
            } catch {
                if attempt == 500 { throw error }
                usleep(10_000)
            }
        }
    }

    /// A port of loopback that is taken and does not answer as long as the value lives: connections are refused.
    final class ClosedPort: Sendable {
        let number: Int
        private let descriptor: CInt

        init() throws {
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
            self.descriptor = descriptor
            var address = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = Probe.withAddress(0) { bind(descriptor, $0, size) }
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
            }
            number = Int(UInt16(bigEndian: address.sin_port))
            guard bound == 0, code == 0 else {
                close(descriptor)
                throw BenchmarkError("no free port on loopback: errno \(errno)")
            }
        }

        deinit { close(descriptor) }
    }

    /// A port that was free just now.
    static func freePort() throws -> Int { try ClosedPort().number }

    private static func withAddress<Result>(_ port: Int, _ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }
}
