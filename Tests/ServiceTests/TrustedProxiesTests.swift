import EventLoop
import Service
import Testing

@Suite("Who the client behind a proxy is")
struct TrustedProxiesTests {
    @Test(
        "the last entry that is no trusted proxy counts",
        arguments: [
            // The peer is no proxy: what it says proves nothing.
            ("10.0.0.1", "203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1,10.0.0.2", "10.0.0.1", "1.1.1.1,198.51.100.1 ,\t10.0.0.2", "198.51.100.1"),
            // What the client invents stands before what the proxy adds.
            ("10.0.0.1", "10.0.0.1", "10.0.0.1, 10.0.0.1, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.0/8", "10.9.9.9", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
            ("10.0.0.0/8", "11.0.0.1", "198.51.100.1", "11.0.0.1"),
            ("::1, fd00::/8", "::1", "2001:db8::7, fd12::1", "2001:db8:0:0:0:0:0:7"),
            ("127.0.0.1", "::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ("127.0.0.1", "127.0.0.1", "[2001:db8::7]:4711", "2001:db8:0:0:0:0:0:7"),
            ("127.0.0.1", "127.0.0.1", "[2001:db8::7]", "2001:db8:0:0:0:0:0:7"),
            // Nobody but proxies: the first of them.
            ("10.0.0.0/8", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ])
    func client(trusted: String, peer: String, forwarded: String, expected: String) throws {
        let proxies = try #require(TrustedProxies(trusted))
        #expect(proxies.client(peer: peer, forwarded: forwarded).map { "\($0)" } == expected)
    }

    @Test(
        "what is no address ends the search at the proxy that sent it",
        arguments: [
            "", " ", ",", ",,,", "unknown", "_hidden", "198.51.100.1, ", "198.51.100.1, x", "198.51.100.256",
            "198.51.100.1:", "198.51.100.1:123456", "198.51.100.1:-1", "[::1", "[::1]x", "[]", "::ffff:1.2.3.4.5",
            "0x7f.1", "127.1", "1.2.3.4\u{0}", "１.2.3.4", "for=1.2.3.4", String(repeating: "1", count: 100_000),
            String(repeating: ":", count: 10_000),
        ])
    func hostile(forwarded: String) throws {
        let proxies = try #require(TrustedProxies("10.0.0.1"))
        #expect(proxies.client(peer: "10.0.0.1", forwarded: forwarded).map { "\($0)" } == "10.0.0.1")
    }

    @Test("a list without an end is not followed for long, and no proxies are trusted unless they are named")
    func bounds() throws {
        let long = "198.51.100.1" + String(repeating: ",10.0.0.1", count: 100_000)
        let proxies = try #require(TrustedProxies("10.0.0.0/8"))
        #expect(proxies.client(peer: "10.0.0.1", forwarded: long).map { "\($0)" } == "10.0.0.1")
        #expect(TrustedProxies().client(peer: "10.0.0.1", forwarded: "1.1.1.1").map { "\($0)" } == "10.0.0.1")
        #expect(proxies.client(peer: "10.0.0.1", forwarded: nil).map { "\($0)" } == "10.0.0.1")
        #expect(proxies.client(peer: "?", forwarded: "1.1.1.1") == nil)
    }

    @Test("all addresses of one subscriber are one client")
    func subscribers() throws {
        func subscriber(_ text: String) throws -> String { "\(try #require(IPAddress(text)).subscriber)" }
        #expect(try subscriber("2001:db8:1:2::1") == subscriber("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        #expect(try subscriber("2001:db8:1:2::1") != subscriber("2001:db8:1:3::1"))
        #expect(try subscriber("198.51.100.1") != subscriber("198.51.100.2"))
        #expect(try subscriber("fe80::1%eth0") == subscriber("fe80::2"))
        #expect(try subscriber("::ffff:198.51.100.1") == "198.51.100.1")
    }

    @Test(
        "a setting that is no list of addresses and networks is refused",
        arguments: [
            "proxy.example.com", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/", "10.0.0.1/8/8", "::1/129",
            "10.0.0.1 10.0.0.2",
            "10.0.0.1/08", "10.0.0.1;10.0.0.2", "*",
        ])
    func settings(value: String) throws {
        #expect(TrustedProxies(value) == nil)
        #expect(throws: SettingError.self) {
            try CommonSettings(Environment(["TRUSTED_PROXIES": value]), port: 1)
        }
    }
}
