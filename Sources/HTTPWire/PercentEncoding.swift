/// Percent-encoding (RFC 3986 section 2.1).
package enum PercentEncoding {
    /// The decoded text, or nil if it is not UTF-8, holds a NUL, or a percent sign is not followed by two digits.
    ///
    /// - Parameter form: a plus sign means a space, as in forms and query strings.
    package static func decode(_ bytes: UnsafeRawBufferPointer, form: Bool = false) -> String? {
        let isPlain = bytes.allSatisfy { $0 != UInt8(ascii: "%") && $0 != 0 && !(form && $0 == UInt8(ascii: "+")) }
        if isPlain { return String(validating: bytes, as: UTF8.self) }
        return withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 1) { decoded -> String? in
            var count = 0
            var position = 0
            while position < bytes.count {
                var octet = bytes[position]
                position += 1
                if octet == UInt8(ascii: "%") {
                    guard position + 1 < bytes.count, let high = bytes[position].hexadecimalValue,
                        let low = bytes[position + 1].hexadecimalValue
                    else { return nil }
                    octet = high << 4 | low
                    position += 2
                } else if form, octet == UInt8(ascii: "+") {
                    octet = Octet.space
                }
                if octet == 0 { return nil }
                decoded[count] = octet
                count += 1
            }
            return String(validating: UnsafeRawBufferPointer(rebasing: decoded[..<count]), as: UTF8.self)
        }
    }

    /// `text` with everything but unreserved characters encoded.
    package static func encode(_ text: String) -> String {
        var result = ""
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(octet))
            default:
                result += octet < 16 ? "%0" : "%"
                result += String(octet, radix: 16, uppercase: true)
            }
        }
        return result
    }
}

/// Names and values of a form or a query string (`application/x-www-form-urlencoded`, WHATWG URL section 5).
package struct FormFields: Sendable {
    package let pairs: [(name: String, value: String)]

    /// - Parameter limit: the most pairs that are taken.
    package init(parsing bytes: UnsafeRawBufferPointer, limit: Int = 256) throws(HTTPError) {
        var pairs: [(name: String, value: String)] = []
        var failure: HTTPError?
        bytes.forEachPart(separatedBy: UInt8(ascii: "&")) { part in
            if part.isEmpty { return true }
            let (name, value) = FormFields.split(part)
            guard let name = PercentEncoding.decode(name, form: true),
                let value = PercentEncoding.decode(value, form: true)
            else {
                failure = .badRequest("a form field is not percent-encoded UTF-8")
                return false
            }
            guard pairs.count < limit else {
                failure = .badRequest("more than \(limit) form fields")
                return false
            }
            pairs.append((name, value))
            return true
        }
        if let failure { throw failure }
        self.pairs = pairs
    }

    /// The first value of this name.
    package subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// Finds one name in a query string without taking the rest of it apart.
    package static func first(_ name: String, in query: UnsafeRawBufferPointer) throws(HTTPError) -> String? {
        var found: UnsafeRawBufferPointer?
        var name = name
        name.withUTF8 { name in
            query.forEachPart(separatedBy: UInt8(ascii: "&")) { part in
                let (key, value) = split(part)
                let same = key.elementsEqual(name) || decodesTo(key, name)
                if same { found = value }
                return !same
            }
        }
        guard let found else { return nil }
        guard let value = PercentEncoding.decode(found, form: true) else {
            throw .badRequest("a query value is not percent-encoded UTF-8")
        }
        return value
    }

    private static func decodesTo(_ key: UnsafeRawBufferPointer, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard key.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return false }
        return PercentEncoding.decode(key, form: true)?.utf8.elementsEqual(name) ?? false
    }

    private static func split(
        _ part: UnsafeRawBufferPointer
    ) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let equals = part.firstOffset(of: UInt8(ascii: "="), in: 0..<part.count) else {
            return (part, UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return (part.slice(0..<equals), part.slice(equals + 1..<part.count))
    }
}
