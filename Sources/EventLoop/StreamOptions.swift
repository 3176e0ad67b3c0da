import CSystem
import Glibc

extension Stream {
    /// Lets unacknowledged output break the connection after `time` (TCP_USER_TIMEOUT, tcp(7)).
    package func setUserTimeout(_ time: Duration) {
        var milliseconds = CUnsignedInt(clamping: time.wholeMilliseconds)
        _ = setsockopt(
            descriptor, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds,
            socklen_t(MemoryLayout<CUnsignedInt>.size))
    }

    /// Octets that the kernel keeps for what is sent and not acknowledged; it takes twice as many (SO_SNDBUF, socket(7)).
    package func setSendBuffer(_ octets: Int) {
        var octets = CInt(clamping: octets)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &octets, socklen_t(MemoryLayout<CInt>.size))
    }
}
