/// The text of one statement. A literal converts by itself and an interpolated string does not, so that no value can
/// slip into the text: values are bound to placeholders.
@usableFromInline
package struct SQL: ExpressibleByStringLiteral, Sendable {
    /// Nil for a text that was made at run time. With a pointer representation, always.
    let literal: StaticString?
    let dynamic: String

    @usableFromInline package init(stringLiteral value: StaticString) {
        literal = value.hasPointerRepresentation ? value : nil
        dynamic = value.hasPointerRepresentation ? "" : value.description
    }

    /// A text made at run time, for example with a variable number of placeholders. It must hold no value from outside.
    package init(unchecked text: String) {
        literal = nil
        dynamic = text
    }

    var text: String { literal.map { $0.description } ?? dynamic }

    func withUTF8<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let literal {
            return body(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
        }
        var text = dynamic
        return text.withUTF8(body)
    }
}
