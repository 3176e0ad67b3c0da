import Delivery
import Testing

@Suite("Secrets and passwords")
struct SecretsTests {
    @Test(
        "scrypt gives RFC 7914's vectors (section 12) and Python's hashlib.scrypt",
        arguments: [
            (
                "password",
                "scrypt$ln=10,r=8,p=16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe"
                    + "7c6ad7cbc8237830e77376634b373162"
            ),
            (
                "pleaseletmein",
                "scrypt$ln=14,r=8,p=1$536f6469756d43686c6f72696465$7023bdcb3afd7348461c06cd81fd38eb"
                    + "fda8fbba904f8e3ea9b543f6545da1f2"
            ),
            (
                "비밀번호-\u{e9}",
                "scrypt$ln=15,r=8,p=3$000102030405060708090a0b0c0d0e0f$2cfb39825ef9e5c57bb1770d71959a13"
                    + "debc4261d2c9ba7807ac0977f329c537"
            ),
        ])
    func vectors(password: String, hash: String) async throws {
        let worker = PasswordWorker()
        #expect(try await worker.verify(password, PasswordHash(text: hash), for: home))
        #expect(try await !worker.verify(password + "x", PasswordHash(text: hash), for: home))
    }

    @Test("a hash names its parameters, has a salt of its own, and only its password matches")
    func hashing() async throws {
        let worker = PasswordWorker()
        let first = try await worker.hash("correct horse", for: home)
        let second = try await worker.hash("correct horse", for: home)
        #expect(first != second)
        #expect(first.text.hasPrefix("scrypt$ln=15,r=8,p=3$"))
        #expect(!first.text.contains("correct"))
        #expect(try await worker.verify("correct horse", first, for: home))
        for wrong in ["", "correct horse ", "Correct horse", "correct hors"] {
            #expect(try await !worker.verify(wrong, first, for: home))
        }
    }

    @Test(
        "a damaged hash matches nothing and asks for no memory",
        arguments: [
            "", "$", "$$$", "scrypt", "scrypt$$$", "plain$ln=15,r=8,p=3$00$00", "scrypt$ln=15,r=8,p=3$00$",
            "scrypt$ln=15,r=8,p=3$0$" + String(repeating: "0", count: 64),
            "scrypt$ln=15,r=8,p=3$zz$" + String(repeating: "0", count: 64),
            "scrypt$ln=63,r=8,p=3$00$" + String(repeating: "0", count: 64),
            "scrypt$ln=20,r=16,p=16$00$" + String(repeating: "0", count: 64),
            "scrypt$ln=-1,r=8,p=3$00$" + String(repeating: "0", count: 64),
            "scrypt$ln=15,r=99999999999999999999,p=3$00$" + String(repeating: "0", count: 64),
            "scrypt$ln=15,r=0,p=0$00$" + String(repeating: "0", count: 64),
            "scrypt$ln=15$00$" + String(repeating: "0", count: 64), PasswordHash.nobody.text,
        ])
    func damaged(hash: String) async throws {
        for password in ["", "password"] {
            #expect(try await !PasswordWorker().verify(password, PasswordHash(text: hash), for: home))
        }
    }

    @Test("more logins than may wait are told to come again")
    func overload() async throws {
        let worker = PasswordWorker(most: 2)
        let outcomes = await withTaskGroup(of: DeliveryError?.self) { group in
            for _ in 0..<12 {
                group.addTask { await refusal { try await worker.verify("password", .nobody, for: home) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let refused = outcomes.compactMap { $0 }
        #expect(!refused.isEmpty && refused.count < 12)
        #expect(refused.allSatisfy { $0.status == 503 && $0.retryAfter != nil })
        // It is free again afterwards.
        #expect(try await !worker.verify("password", .nobody, for: home))
    }

    @Test("hexadecimal is read back and nothing else is taken for it")
    func hexadecimal() {
        let octets = Array(UInt8.min...UInt8.max)
        #expect(Secrets.octets(hex: Secrets.hex(octets)) == octets)
        #expect(Secrets.octets(hex: "0aFf") == [0x0A, 0xFF])
        #expect(Secrets.octets(hex: "") == [])
        for text in ["0", "0g", "０0", " 0", "é", "0x"] { #expect(Secrets.octets(hex: text) == nil) }
    }

    @Test("SHA-256 gives the vectors of FIPS 180-2")
    func sha256() {
        #expect(
            Secrets.hex(Secrets.sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Secrets.hex(Secrets.sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(Secrets.sha256("한글") == Secrets.sha256(octets: Array("한글".utf8)))
    }

    @Test("tokens and UUIDs are random and well-formed")
    func randomness() throws {
        let tokens = try (0..<100).map { _ in try Secrets.token() }
        #expect(Set(tokens).count == 100)
        #expect(tokens.allSatisfy { $0.utf8.count == 64 })
        let pattern = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        let ids = try (0..<1000).map { _ in try Secrets.uuid() }
        #expect(Set(ids).count == 1000)
        #expect(ids.allSatisfy { $0.wholeMatch(of: pattern) != nil })
        // Every digit that is not fixed takes every value.
        let digits = ids.map { Array($0.utf8) }
        for place in 0..<36 {
            let count = [8, 13, 14, 18, 23].contains(place) ? 1 : place == 19 ? 4 : 16
            #expect(Set(digits.map { $0[place] }).count == count)
        }
    }
}
