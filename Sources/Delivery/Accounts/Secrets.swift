import COpenSSL

/// Random tokens and their stored form. All cryptography is OpenSSL's.
package enum Secrets {
    /// - Throws: `DeliveryError` (503) when the system has no randomness.
    package static func random(_ count: Int) throws(DeliveryError) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&octets, CInt(count)) == 1 else { throw .overloaded("the random generator") }
        return octets
    }

    /// A token of 256 bits, in hexadecimal.
    package static func token() throws(DeliveryError) -> String { hex(try random(32)) }

    /// A random UUID (RFC 9562, version 4).
    package static func uuid() throws(DeliveryError) -> String {
        let octets = try random(16)
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    text[place] = UInt8(ascii: "-")
                    place += 1
                }
                var octet = octets[index]
                if index == 6 { octet = octet & 0x0F | 0x40 }
                if index == 8 { octet = octet & 0x3F | 0x80 }
                text[place] = digit(octet >> 4)
                text[place + 1] = digit(octet & 15)
                place += 2
            }
            return place
        }
    }

    /// Another id that follows from a random one, and is as unlikely to be anybody else's.
    /// - Parameter number: which of them: 1 to 15.
    package static func uuid(besides id: String, _ number: UInt8) -> String {
        var octets = Array(id.utf8)
        guard let last = octets.last, let old = value(ofDigit: last) else { return id }
        octets[octets.count - 1] = digit(old ^ (number & 15))
        return String(decoding: octets, as: UTF8.self)
    }

    /// What the database keeps of a token: a copy of the database gives nobody a session.
    package static func sha256(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { sha256(UnsafeRawBufferPointer($0)) }
    }

    package static func sha256(octets: [UInt8]) -> [UInt8] { octets.withUnsafeBytes { sha256($0) } }

    private static func sha256(_ octets: UnsafeRawBufferPointer) -> [UInt8] {
        let length = Int(SHA256_DIGEST_LENGTH)
        return [UInt8](unsafeUninitializedCapacity: length) { digest, count in
            count = length
            if EVP_Digest(octets.baseAddress, octets.count, digest.baseAddress, nil, algorithm, nil) != 1 {
                _ = SHA256(octets.baseAddress, octets.count, digest.baseAddress)
            }
        }
    }

    /// Fetched once: looking for the algorithm costs more than a hash. Nothing changes it after that but the count of its
    /// references, which OpenSSL counts atomically.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)

    package static func hex(_ octets: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: octets.count * 2) { buffer in
            for (index, octet) in octets.enumerated() {
                buffer[2 * index] = digit(octet >> 4)
                buffer[2 * index + 1] = digit(octet & 15)
            }
            return octets.count * 2
        }
    }

    /// - Parameter value: below 16.
    static func digit(_ value: UInt8) -> UInt8 { value &+ (value < 10 ? 0x30 : 0x57) }

    package static func octets(hex: some StringProtocol) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(ofDigit: digits[index]), let low = value(ofDigit: digits[index + 1]) else {
                return nil
            }
            octets.append(high << 4 | low)
        }
        return octets
    }

    private static func value(ofDigit digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// scrypt (RFC 7914) as it is stored: `scrypt$ln=15,r=8,p=3$SALT$KEY`, salt and key in hexadecimal.
package struct PasswordHash: Equatable, Sendable {
    /// log2 of N. 15, 8, 3 is one of the settings that OWASP recommends; it takes 32 MiB while it runs.
    static let logN = 15
    static let blockSize = 8
    static let parallelism = 3

    package let text: String

    package init(text: String) { self.text = text }

    /// A hash that no password has; comparing with it takes as long as with a real one, so that a login does not tell which
    /// addresses are registered.
    package static let nobody = PasswordHash(
        text: "scrypt$ln=15,r=8,p=3$00000000000000000000000000000000$"
            + "0000000000000000000000000000000000000000000000000000000000000000")

    /// Slow on purpose (about a tenth of a second).
    static func make(_ password: String, salt: [UInt8]? = nil) throws(DeliveryError) -> PasswordHash {
        let salt = if let salt { salt } else { try Secrets.random(16) }
        guard let key = derive(password, salt: salt, logN: logN, r: blockSize, p: parallelism, count: 32) else {
            throw .overloaded("password hashing")
        }
        return PasswordHash(
            text: "scrypt$ln=\(logN),r=\(blockSize),p=\(parallelism)$\(Secrets.hex(salt))$\(Secrets.hex(key))")
    }

    /// Compares in constant time. A damaged hash matches nothing.
    func matches(_ password: String) -> Bool {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "scrypt", let salt = Secrets.octets(hex: parts[2]),
            let expected = Secrets.octets(hex: parts[3]), expected.count == 32
        else { return false }
        var settings: [Substring: Int] = [:]
        for setting in parts[1].split(separator: ",") {
            let pair = setting.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let value = Int(pair[1]) else { return false }
            settings[pair[0]] = value
        }
        // Bounds, so that a damaged row cannot ask for all of the memory: at most 128 · 16 · 2^16 octets.
        guard let logN = settings["ln"], (10...16).contains(logN), let r = settings["r"], (1...16).contains(r),
            let p = settings["p"], (1...16).contains(p),
            let key = Self.derive(password, salt: salt, logN: logN, r: r, p: p, count: expected.count)
        else { return false }
        return CRYPTO_memcmp(key, expected, expected.count) == 0
    }

    private static func derive(
        _ password: String, salt: [UInt8], logN: Int, r: Int, p: Int, count: Int
    ) -> [UInt8]? {
        var key = [UInt8](repeating: 0, count: count)
        var password = password
        let n = UInt64(1) << UInt64(logN)
        // What the algorithm needs (128 · r · (N + p)) and a little.
        let memory = UInt64(128 * r) * (n + UInt64(p) + 2) + (1 << 20)
        let result = password.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) {
                EVP_PBE_scrypt($0.baseAddress, $0.count, salt, salt.count, n, UInt64(r), UInt64(p), memory, &key, count)
            }
        }
        return result == 1 ? key : nil
    }
}
