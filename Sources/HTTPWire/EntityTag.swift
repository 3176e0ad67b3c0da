/// Entity tags and If-None-Match (RFC 9110 sections 8.8.3 and 13.1.2).
package enum EntityTag {
    /// A strong tag of 64 bits for this content (FNV-1a). It tells versions apart and is no protection against forgery.
    package static func strong(_ content: UnsafeRawBufferPointer) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in content { hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return "\"" + String(repeating: "0", count: 16 - digits.count) + digits + "\""
    }

    /// True if the field names `tag` by weak comparison, or is `*`: then the client's copy is good.
    package static func matches(ifNoneMatch field: UnsafeRawBufferPointer, _ tag: String) -> Bool {
        if field.trimmed.equals("*") { return true }
        var tag = tag
        return tag.withUTF8 { tag in
            let own = opaque(UnsafeRawBufferPointer(tag))
            var position = 0
            while let open = field.firstOffset(of: UInt8(ascii: "\""), in: position..<field.count) {
                guard let close = field.firstOffset(of: UInt8(ascii: "\""), in: open + 1..<field.count) else { break }
                if field.slice(open..<close + 1).elementsEqual(own) { return true }
                position = close + 1
            }
            return false
        }
    }

    /// Without the `W/` of a weak tag.
    private static func opaque(_ tag: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard tag.count >= 2, tag[0] == UInt8(ascii: "W"), tag[1] == UInt8(ascii: "/") else { return tag }
        return tag.slice(2..<tag.count)
    }
}
