import CSystem
import EventLoop
import Glibc
import Testing

let loopback = "127.0.0.1"

func loopbackAddress(port: Int = 0) throws -> SocketAddress {
    try #require(SocketAddress.numeric(loopback, port: port))
}

private let streamType = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

/// A socket that is bound to a free port of the loopback interface, and listens when there is a backlog.
struct BoundSocket: ~Copyable {
    let descriptor: OwnedDescriptor
    let port: Int

    init(backlog: CInt?) throws {
        let owned = OwnedDescriptor(try system("socket") { socket(AF_INET, streamType, 0) })
        let number = owned.number
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try system("bind") { bind(number, address, length) }
                if let backlog { try system("listen") { listen(number, backlog) } }
                try system("getsockname") { getsockname(number, address, &length) }
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        descriptor = owned
    }

    func accept() throws -> OwnedDescriptor {
        let number = descriptor.number
        return OwnedDescriptor(try system("accept") { delivery_accept4(number, nil, nil) })
    }
}

/// A non-blocking socket that is connected, or connecting, to a port of the loopback interface.
func connectRaw(port: Int) throws -> OwnedDescriptor {
    let owned = OwnedDescriptor(
        try system("socket") { socket(AF_INET, streamType | CInt(SOCK_NONBLOCK.rawValue), 0) })
    let code = startConnecting(owned.number, port: port)
    guard code == 0 || code == EINPROGRESS else { throw SystemError("connect", code: code) }
    return owned
}

func startConnecting(_ number: CInt, port: Int) -> CInt {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
        }
    }
}

/// Two ends of one TCP connection, for sending closures: the numbers are owned by who takes them.
func connectedPair() throws -> (CInt, CInt) {
    let listening = try BoundSocket(backlog: 1)
    let client = try connectRaw(port: listening.port)
    let server = try listening.accept()
    return (client.take(), server.take())
}

/// Both ends of a TCP connection as endpoints on loops.
func endpoints(
    _ first: EventLoop, _ second: EventLoop, sendBuffer: CInt? = nil,
    reaction: (@Sendable (Stream, Endpoint.Event) -> Void)? = nil,
    peerReaction: (@Sendable (Stream, Endpoint.Event) -> Void)? = nil
) async throws -> (Endpoint, Endpoint) {
    let (one, two) = try connectedPair()
    if var size = sendBuffer {
        setsockopt(one, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
    }
    return (
        try await first.performing { try Endpoint.open(OwnedDescriptor(one), on: first, reaction: reaction) },
        try await second.performing { try Endpoint.open(OwnedDescriptor(two), on: second, reaction: peerReaction) }
    )
}

/// Makes closing a socket send a reset (RST), with what is unsent lost.
func resetWhenClosed(_ descriptor: CInt) {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
}

func closeWithReset(_ descriptor: CInt) {
    resetWhenClosed(descriptor)
    close(descriptor)
}

/// Octets that repeat late, so that a lost, doubled or misplaced piece shows.
func pattern(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        var position = 0
        while position < count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            withUnsafeBytes(of: state) { word in
                let piece = min(8, count - position)
                memcpy(buffer.baseAddress.unsafelyUnwrapped + position, word.baseAddress.unsafelyUnwrapped, piece)
                position += piece
            }
        }
        initialized = count
    }
}

/// More octets than the kernel's buffers of a connection hold.
let plenty = [UInt8](repeating: 7, count: 12 << 20)

/// Length and hash (FNV-1a) of octets: what two long arrays are compared by, so that a difference is told in one line.
func digest(_ bytes: [UInt8]) -> String {
    let hash = bytes.withUnsafeBytes { bytes in
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in bytes { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01B3 }
        return hash
    }
    return "\(bytes.count) octets \(hash)"
}
