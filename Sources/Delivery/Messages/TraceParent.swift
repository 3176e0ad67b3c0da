/// The `traceparent` field (W3C Trace Context, section 3.2), as it goes from the request through the outbox and the broker
/// to the event.
package enum TraceParent {
    /// The 32 digits of the trace; empty if the text is not a field of version 00.
    package static func traceID(of field: String?) -> String {
        guard let field, field.utf8.count == 55 else { return "" }
        let digits = field.utf8.dropFirst(3).prefix(32)
        let isHexadecimal = digits.allSatisfy { octet in
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= octet || UInt8(ascii: "a")...UInt8(ascii: "f") ~= octet
        }
        return isHexadecimal ? String(Substring(digits)) : ""
    }
}
