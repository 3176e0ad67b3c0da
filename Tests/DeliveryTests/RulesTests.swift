import Delivery
import Testing

@Suite("What a registration must look like")
struct RulesTests {
    @Test(
        "an address is trimmed and in lower case",
        arguments: [
            ("a@b.co", "a@b.co"), ("  Customer@Example.COM\n", "customer@example.com"),
            ("first.last+tag@sub-domain.example.com", "first.last+tag@sub-domain.example.com"),
            ("o'neil_{x}@example.com", "o'neil_{x}@example.com"), ("1@2.3", "1@2.3"),
        ])
    func email(given: String, kept: String) throws {
        #expect(try AccountRules.email(given) == kept)
    }

    @Test(
        "what is no address, or only looks like one, is refused",
        arguments: [
            "", " ", "a", "@", "a@", "@b.co", "a@b", "a@@b.co", "a@b@c.co", "a@.co", "a@b.", "a@b..co", ".a@b.co",
            "a.@b.co", "a..b@c.co", "a b@c.co", "a@b c.co", "a@-b.co", "a@b-.co", "a@b_c.co", "a,b@c.co", "a@b.co,",
            "\u{212A}im@example.com", "ａ@b.co", "é@b.co", "a@bücher.de", "a\u{200B}@b.co", "a\u{0}@b.co",
            "a@b.co\u{202E}",
            "<a@b.co>", "\"a\"@b.co", "a@[127.0.0.1]", "a@b.co\r\nX: 1", String(repeating: "a", count: 65) + "@b.co",
            "a@" + String(repeating: "b", count: 64) + ".co", "a@" + String(repeating: "b.", count: 130) + "co",
        ])
    func notEmail(given: String) {
        #expect(throws: DeliveryError.self) { try AccountRules.email(given) }
    }

    @Test(
        "a text is trimmed and otherwise left as it is",
        arguments: [
            ("김하늘", "김하늘"), ("\u{3000}\t a b \u{A0}\n", "a b"), ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"), ("❤️", "❤️"),
            ("한\u{1112}\u{1161}\u{11AB}", "한\u{1112}\u{1161}\u{11AB}"), ("<b>&\"'", "<b>&\"'"),
        ])
    func text(given: String, kept: String) throws {
        #expect(Array(try AccountRules.text(given, "name", longest: 50).unicodeScalars) == Array(kept.unicodeScalars))
    }

    @Test(
        "a text that shows nothing, hides something or turns its neighbours around is refused",
        arguments: [
            "", " \u{3000}", "\u{200D}", "\u{FE0F}\u{200C}", "\u{301}", "a\u{0}b", "a\nb", "a\u{85}b", "a\u{9B}2Jb",
            "a\u{7F}",
            "a\u{200B}b", "a\u{202E}b", "a\u{2066}b", "a\u{2028}b", "a\u{3164}b", "a\u{FEFF}b", "a\u{E0041}b",
            "\u{115F}",
            String(repeating: "a", count: 51), "a" + String(repeating: "\u{301}", count: 50),
        ])
    func notText(given: String) {
        let error = #expect(throws: DeliveryError.self) { try AccountRules.text(given, "name", longest: 50) }
        #expect(error?.status == 400)
        #expect(error?.description.hasPrefix("name: ") == true)
    }

    @Test("a password has 8 characters or more, and 128 octets or fewer")
    func password() throws {
        for good in ["12345678", "비밀번호비밀번호", "  spaces  ", String(repeating: "a", count: 128)] {
            #expect(try AccountRules.password(good) == good)
        }
        for bad in ["", "1234567", String(repeating: "a", count: 129), String(repeating: "한", count: 43)] {
            #expect(throws: DeliveryError.self) { try AccountRules.password(bad) }
        }
    }
}
