import EventLoop
import Testing

@Suite("Addresses that may be connected to")
struct AddressPolicyTests {
    @Test(
        "those of the public Internet",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
            "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
            "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.114.0", "223.255.255.255", "2001:4860:4860::8888",
            "2606:4700:4700::1111", "2a00::1", "2001:200::1", "2003::1", "3ffe::1", "::ffff:8.8.8.8",
        ])
    func open(text: String) throws {
        #expect(AddressPolicy.publicOnly(try #require(IPAddress(text))))
    }

    @Test(
        "not those of this host, of private networks, of groups, of examples, and of gateways to IPv4",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
            "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
            "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
            "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
            "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
            "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1",
            "100::1", "2001::1", "2001:0:4136:e378::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
            "2002:7f00:1::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
            "fe80::1%eth0", "fec0::1", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ])
    func closed(text: String) throws {
        #expect(!AddressPolicy.publicOnly(try #require(IPAddress(text))))
    }

    @Test(
        "networks are read strictly",
        arguments: [
            ("10.0.0.0/8", true), ("::/0", true), ("1.2.3.4", true), ("10.0.0.0/33", false), ("10.0.0.0/", false),
            ("10.0.0.0/08", false), ("::/129", false), ("10.0.0.0/8/8", false), ("", false), ("10/8", false),
        ])
    func networks(text: String, isOne: Bool) {
        #expect((IPNetwork(text) != nil) == isOne)
    }
}
