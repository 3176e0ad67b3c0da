/// Text from elsewhere, made fit for one line that a person reads: it cannot start a new line, move the cursor, or
/// change the direction of what follows.
enum PlainText {
    static func escape(_ text: String, most: Int) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(most) {
            if mustEscape(scalar) {
                result.append(contentsOf: scalar.escaped(asASCII: true).unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        if text.unicodeScalars.dropFirst(most).first != nil { result.append("…") }
        return String(result)
    }

    /// C0, DEL, C1, line and paragraph separators, and the controls of writing direction (UAX #9).
    private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
