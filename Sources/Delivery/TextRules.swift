/// What a text that somebody typed must look like before it is stored and shown to others.
package enum TextRules {
    /// The text without white space around it, checked: at most `longest` scalars, something visible, and nothing that
    /// hides or reorders what is around it (control characters, invisible ones, overrides of the writing direction).
    ///
    /// - Throws: `DeliveryError` 400 that names `field`.
    package static func check(
        _ value: String, _ field: String, longest: Int, allowsLineBreaks: Bool = false
    ) throws(DeliveryError) -> String {
        let scalars = value.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { throw .invalid(field, "is empty") }
        let trimmed = scalars[first...last]
        guard trimmed.count <= longest else { throw .invalid(field, "longer than \(longest) characters") }
        var isVisible = false
        for scalar in trimmed {
            if allowsLineBreaks, scalar == "\n" || scalar == "\r" { continue }
            guard isAllowed(scalar) else { throw .invalid(field, "contains control or invisible characters") }
            isVisible = isVisible || !(isJoiner(scalar) || isMark(scalar))
        }
        guard isVisible else { throw .invalid(field, "is empty") }
        return String(trimmed)
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: return false
        default: return isJoiner(scalar) || !(scalar.properties.isDefaultIgnorableCodePoint || isOverride(scalar))
        }
    }

    /// Emoji and some scripts need these; they show nothing by themselves.
    private static func isJoiner(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\u{200C}" || scalar == "\u{200D}" || scalar == "\u{FE0E}" || scalar == "\u{FE0F}"
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spaceSeparator: true
        default: false
        }
    }

    /// Bidirectional formatting (UAX #9, section 2), among it what can make a text look like another one.
    private static func isOverride(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
