import EventLoop
import HTTP
import Service

extension Request {
    /// Who asks, for limits: an IPv4 address, or the first 64 bits of an IPv6 one.
    package func client(behind proxies: TrustedProxies) -> String {
        proxies.client(peer: peer, forwarded: headers("x-forwarded-for")).map { "\($0.subscriber)" } ?? peer
    }
}
