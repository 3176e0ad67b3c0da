/// Media types and the Accept field (RFC 9110 sections 8.3.1 and 12.5.1).
package enum MediaType {
    /// True if the field value's type and subtype are `type`, whatever its parameters say.
    package static func matches(_ field: UnsafeRawBufferPointer, _ type: StaticString) -> Bool {
        let end = field.firstOffset(of: UInt8(ascii: ";"), in: 0..<field.count) ?? field.count
        return field.slice(0..<end).trimmed.equalsIgnoringCase(type)
    }

    /// How welcome `type` is: 0 (refused) to 1000. The most specific range that matches decides.
    package static func quality(of type: StaticString, accept field: UnsafeRawBufferPointer) -> Int {
        let type = UnsafeRawBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount)
        let slash = type.firstOffset(of: UInt8(ascii: "/"), in: 0..<type.count) ?? type.count
        var best = (specificity: 0, quality: 0)
        field.forEachPart(separatedBy: UInt8(ascii: ",")) { range in
            let end = range.firstOffset(of: UInt8(ascii: ";"), in: 0..<range.count) ?? range.count
            let name = range.slice(0..<end).trimmed
            let specificity: Int
            if name.equalsIgnoringCase(type) {
                specificity = 3
            } else if name.equals("*/*") {
                specificity = 1
            } else if name.count == slash + 2, name.slice(0..<slash + 1).equalsIgnoringCase(type.slice(0..<slash + 1)),
                name[slash + 1] == UInt8(ascii: "*")
            {
                specificity = 2
            } else {
                return true
            }
            if specificity > best.specificity { best = (specificity, qualityValue(range.slice(end..<range.count))) }
            return true
        }
        return best.quality
    }

    /// The index of the most welcome of `types`, the first one of equals; nil if none is acceptable.
    package static func preferred(_ types: [StaticString], accept field: UnsafeRawBufferPointer) -> Int? {
        var best: (index: Int, quality: Int)?
        for (index, type) in types.enumerated() {
            let quality = quality(of: type, accept: field)
            if quality > best?.quality ?? 0 { best = (index, quality) }
        }
        return best?.index
    }

    /// The `q` among `parameters`, in thousandths; 1000 without one, 0 for one that is malformed.
    private static func qualityValue(_ parameters: UnsafeRawBufferPointer) -> Int {
        var result = 1000
        parameters.forEachPart(separatedBy: UInt8(ascii: ";")) { parameter in
            guard parameter.count >= 2, parameter[0].asciiLowercased == UInt8(ascii: "q"),
                parameter[1] == UInt8(ascii: "=")
            else { return true }
            result = thousandths(parameter.slice(2..<parameter.count)) ?? 0
            return false
        }
        return result
    }

    private static func thousandths(_ text: UnsafeRawBufferPointer) -> Int? {
        guard let whole = text.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
        guard text.count <= 5, text.count == 1 || text[1] == UInt8(ascii: ".") else { return nil }
        var value = Int(whole &- 0x30) * 1000
        var unit = 100
        for octet in text.dropFirst(2) {
            guard octet.isDigit else { return nil }
            value += Int(octet &- 0x30) * unit
            unit /= 10
        }
        return value <= 1000 ? value : nil
    }
}
