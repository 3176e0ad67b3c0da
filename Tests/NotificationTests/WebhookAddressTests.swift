import Delivery
import Notifications
import Testing

@Suite("Webhooks: addresses")
struct WebhookAddressTests {
    @Test(
        "a URL of the public Internet is taken",
        arguments: [
            "https://hooks.example.com/a?b=c", "http://hooks.example.com:8080", "https://8.8.8.8/",
            "https://localhost.com/",
            "https://[2606:4700:4700::1111]/", "HTTPS://EXAMPLE.COM/",
        ])
    func open(url: String) throws { try WebhookAddress(allowsPrivate: false).check(url) }

    @Test(
        "one inside the network is refused, unless it is allowed",
        arguments: [
            "http://127.0.0.1/", "http://127.9.9.9:1/", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/",
            "http://192.168.1.1/", "http://100.64.0.1/", "http://0.0.0.0/", "http://224.0.0.1/", "http://[::1]/",
            "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[fe80::1]/",
            "http://[fd00:ec2::254]/", "http://[2001:db8::1]/", "http://localhost/", "http://LOCALHOST:8080/",
            "http://localhost./", "http://a.localhost/", "http://printer.local/", "http://metadata.google.internal/",
            "http://router.home.arpa/",
        ])
    func closed(url: String) throws {
        #expect(throws: DeliveryError.invalid("url", "must be an address of the public Internet")) {
            try WebhookAddress(allowsPrivate: false).check(url)
        }
        try WebhookAddress(allowsPrivate: true).check(url)
    }

    @Test(
        "what is no URL, or hides its host, is refused in any case",
        arguments: [
            "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "https://",
            "https://user:password@example.com/", "https://example.com@127.0.0.1/", "https://example.com/#part",
            "http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.01/",
            "https://exa mple.com/", "https://example.com/\r\nHost: a", "https://exämple.com/",
            "https://example.com\\@a/",
            "https://example.com/" + String(repeating: "a", count: 2030),
        ])
    func wrong(url: String) {
        for allowsPrivate in [false, true] {
            let error = #expect(throws: DeliveryError.self) {
                try WebhookAddress(allowsPrivate: allowsPrivate).check(url)
            }
            #expect(error?.status == 400)
        }
    }
}
