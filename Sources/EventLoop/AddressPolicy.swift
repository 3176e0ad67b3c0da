/// Which addresses a program may connect to when somebody else chose the host.
package enum AddressPolicy {
    /// Whether the address is one of the public Internet, by the registries of special addresses (IANA, RFC 6890). Not
    /// public are: this host, loopback, private, link-local and shared networks (RFC 1918, 3927, 4193, 6598), multicast
    /// and broadcast, documentation and benchmarks (RFC 5737, 3849, 9637, 2544), what is reserved, and what carries an IPv4
    /// address that a gateway may unpack (NAT64, 6to4, Teredo). An IPv4 address mapped into IPv6 is judged as itself.
    package static func publicOnly(_ address: IPAddress) -> Bool {
        if address.isIPv4 { return !notPublic4.contains { $0.contains(address) } }
        // Nothing outside of it is global unicast.
        return global6.contains { $0.contains(address) } && !notPublic6.contains { $0.contains(address) }
    }

    package static func any(_: IPAddress) -> Bool { true }

    private static let notPublic4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { IPNetwork($0) }

    private static let global6 = ["2000::/3"].compactMap { IPNetwork($0) }

    private static let notPublic6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].compactMap {
        IPNetwork($0)
    }
}
