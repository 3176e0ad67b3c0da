/// A value that is written so often that the library's encoder would be the largest part of an order's cost; see
/// Docs/Decisions/0011-writing-json-on-the-orders-way.md. A test compares the octets with those of the encoder.
package protocol JSONWritable: Encodable {
    func write(to json: inout JSONWriter)
}

/// Writes JSON (RFC 8259) as octets, one piece behind the other, in the form of `JSONEncoder` with sorted keys and without
/// escaped slashes. The order of the keys is that of the calls.
package struct JSONWriter {
    private(set) package var octets: [UInt8]

    /// - Parameters:
    ///   - start: what stands before the first value.
    ///   - capacity: how many octets are expected; more are taken.
    package init(after start: [UInt8] = [], capacity: Int = 512) {
        octets = start
        octets.reserveCapacity(capacity)
    }

    package static func octets(of value: some JSONWritable, capacity: Int = 512) -> [UInt8] {
        var json = JSONWriter(capacity: capacity)
        value.write(to: &json)
        return json.octets
    }

    /// For what stands between values.
    package mutating func append(_ text: StaticString) {
        octets.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// For a value that is JSON already.
    package mutating func append(_ json: [UInt8]) { octets += json }

    // MARK: - Objects and lists

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        octets.append(UInt8(ascii: "{"))
        members(&self)
        octets.append(UInt8(ascii: "}"))
    }

    /// - Parameter key: written as it is: nothing in it needs escaping.
    @inline(__always)
    package mutating func member(_ key: StaticString, _ value: some JSONWritable) {
        write(key: key)
        value.write(to: &self)
    }

    /// nil is left out.
    @inline(__always)
    package mutating func member(_ key: StaticString, _ value: (some JSONWritable)?) {
        if let value { member(key, value) }
    }

    private mutating func write(key: StaticString) {
        if octets.last != UInt8(ascii: "{") { octets.append(UInt8(ascii: ",")) }
        octets.append(UInt8(ascii: "\""))
        append(key)
        octets.append(UInt8(ascii: "\""))
        octets.append(UInt8(ascii: ":"))
    }

    package mutating func list(_ elements: some Sequence<some JSONWritable>) {
        octets.append(UInt8(ascii: "["))
        for element in elements {
            if octets.last != UInt8(ascii: "[") { octets.append(UInt8(ascii: ",")) }
            element.write(to: &self)
        }
        octets.append(UInt8(ascii: "]"))
    }

    // MARK: - Values

    package mutating func value(_ value: Bool) { value ? append("true") : append("false") }

    package mutating func value(_ value: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (rest, start) = (value.magnitude, digits.count)
            repeat {
                start -= 1
                digits[start] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
                rest /= 10
            } while rest > 0
            if value < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            octets.append(contentsOf: UnsafeMutableBufferPointer(rebasing: digits[start...]))
        }
    }

    /// A number without fraction is written without one. What is no number has no form in JSON: null.
    package mutating func value(_ value: Double) {
        guard value.isFinite else { return append("null") }
        let text = value.description
        octets += text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...]
    }

    package mutating func value(_ value: Timestamp) {
        octets.append(UInt8(ascii: "\""))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: CalendarTime.octetCount) { text in
            value.calendarTime.write(to: text)
            octets.append(contentsOf: text)
        }
        octets.append(UInt8(ascii: "\""))
    }

    package mutating func value(_ value: String) {
        var value = value
        octets.append(UInt8(ascii: "\""))
        value.withUTF8 { text in
            var start = 0
            for (index, octet) in text.enumerated() where octet < 0x20 || octet == 0x22 || octet == 0x5C {
                octets.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                escape(octet)
                start = index + 1
            }
            octets.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        octets.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ octet: UInt8) {
        switch octet {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0A: append("\\n")
        case 0x0C: append("\\f")
        case 0x0D: append("\\r")
        default:
            append(octet < 0x10 ? "\\u000" : "\\u001")
            octets.append(Secrets.digit(octet & 0x0F))
        }
    }
}

// MARK: - What the standard library's values are

extension Int: JSONWritable {
    package func write(to json: inout JSONWriter) { json.value(self) }
}

extension Double: JSONWritable {
    package func write(to json: inout JSONWriter) { json.value(self) }
}

extension Bool: JSONWritable {
    package func write(to json: inout JSONWriter) { json.value(self) }
}

extension String: JSONWritable {
    package func write(to json: inout JSONWriter) { json.value(self) }
}

extension Timestamp: JSONWritable {
    package func write(to json: inout JSONWriter) { json.value(self) }
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to json: inout JSONWriter) { json.list(self) }
}

extension JSONWritable where Self: RawRepresentable<String> {
    package func write(to json: inout JSONWriter) { json.value(rawValue) }
}
