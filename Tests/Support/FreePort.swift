import Glibc
import Synchronized

/// Free TCP ports of 127.0.0.1, below the range from which the kernel serves outgoing connections, so that a server can
/// be stopped and started again on its port.
package enum FreePort {
    private static let handedOut = Lock<Set<UInt16>>([])

    /// A port on which nothing listens and which this process has not handed out before.
    package static func next() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 12_000...31_999)
            let isNew = handedOut.withLock { $0.insert(port).inserted }
            if isNew && canBind(port) { return port }
        }
        throw SupportError("no free TCP port was found")
    }

    private static func canBind(_ port: UInt16) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = loopback(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}
