import Bytes

/// Writing of response and request heads and chunks (RFC 9112 sections 3, 4, 5, 7.1).
extension ByteBuffer {
    package mutating func appendStatusLine(_ status: HTTPStatus) {
        switch status.code {
        case 200: append("HTTP/1.1 200 OK\r\n")
        case 201: append("HTTP/1.1 201 Created\r\n")
        default:
            append("HTTP/1.1 ")
            append(decimal: status.code)
            append(UInt8(ascii: " "))
            append(status.reason)
            append("\r\n")
        }
    }

    /// Appends a field whose value is known to be clean.
    package mutating func appendField(_ name: StaticString, _ value: StaticString) {
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    package mutating func appendContentLength(_ length: Int) {
        append("Content-Length: ")
        append(decimal: length)
        append("\r\n")
    }

    /// Appends fields from anywhere; throws, with nothing appended, if one of them could be read as another line.
    package mutating func appendFields(_ fields: HeaderFields) throws(HTTPError) {
        for field in fields.fields where !HeaderFields.isValid(name: field.name, value: field.value) {
            throw HTTPError(.internalServerError, "a header field to be sent holds a character that it cannot hold")
        }
        for field in fields.fields {
            append(utf8: field.name)
            append(": ")
            append(utf8: field.value)
            append("\r\n")
        }
    }

    package mutating func appendRequestLine(_ method: HTTPMethod, target: String) throws(HTTPError) {
        guard !target.isEmpty, target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HTTPError(.internalServerError, "a request target to be sent holds a character that it cannot hold")
        }
        append(method.name)
        append(UInt8(ascii: " "))
        append(utf8: target)
        append(" HTTP/1.1\r\n")
    }

    /// Appends one chunk; an empty one would end the body and is left out.
    package mutating func appendChunk(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        appendChunkHead(bytes.count)
        append(bytes)
        append("\r\n")
    }

    /// Appends the line before a chunk of `count` octets, which is not 0.
    package mutating func appendChunkHead(_ count: Int) {
        append(utf8: String(count, radix: 16))
        append("\r\n")
    }

    package mutating func appendLastChunk() { append("0\r\n\r\n") }
}

/// `Date` and its like (RFC 9110 section 5.6.7).
package enum HTTPDate {
    /// Appends `Sun, 06 Nov 1994 08:49:37 GMT` for seconds since 1970.
    package static func append(_ seconds: Int64, to buffer: inout ByteBuffer) {
        let days = Int(seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400)
        let second = Int(seconds) - days * 86_400
        let date = civil(days)
        // 1970-01-01 was a Thursday.
        let weekday = ((days + 4) % 7 + 7) % 7
        buffer.append(utf8: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][weekday])
        buffer.append(", ")
        appendTwoDigits(date.day, to: &buffer)
        buffer.append(" ")
        buffer.append(
            utf8: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][date.month - 1])
        buffer.append(" ")
        appendTwoDigits(date.year / 100, to: &buffer)
        appendTwoDigits(date.year % 100, to: &buffer)
        buffer.append(" ")
        appendTwoDigits(second / 3600, to: &buffer)
        buffer.append(":")
        appendTwoDigits(second / 60 % 60, to: &buffer)
        buffer.append(":")
        appendTwoDigits(second % 60, to: &buffer)
        buffer.append(" GMT")
    }

    private static func appendTwoDigits(_ value: Int, to buffer: inout ByteBuffer) {
        buffer.append(UInt8(truncatingIfNeeded: 0x30 + value / 10 % 10))
        buffer.append(UInt8(truncatingIfNeeded: 0x30 + value % 10))
    }

    /// Days since 1970 to a date of the proleptic Gregorian calendar, counted in eras of 400 years from 1 March.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
