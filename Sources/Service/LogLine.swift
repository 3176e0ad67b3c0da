import Bytes
import Glibc

/// How an event becomes a line.
struct LogLine {
    let format: LogFormat
    let service: String

    func append(
        _ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, LogValue>, to buffer: inout ByteBuffer
    ) {
        switch format {
        case .json:
            buffer.append("{\"time\":\"")
            appendTime(to: &buffer)
            buffer.append("\",\"level\":\"")
            buffer.append(utf8: level.rawValue)
            buffer.append("\",\"service\":\"")
            buffer.append(utf8: service)
            buffer.append("\",\"message\":")
            appendQuoted(message, to: &buffer)
            for (name, value) in fields {
                buffer.append(",")
                appendQuoted(name, to: &buffer)
                buffer.append(":")
                switch value {
                case .number(let number): buffer.append(decimal: number)
                case .text(let text): appendQuoted(text, to: &buffer)
                }
            }
            buffer.append("}\n")
        case .text:
            appendTime(to: &buffer)
            buffer.append(" ")
            buffer.append(utf8: level.rawValue.uppercased())
            buffer.append(" ")
            buffer.append(utf8: service)
            buffer.append(": ")
            appendPlain(message, to: &buffer)
            for (name, value) in fields {
                buffer.append(" ")
                buffer.append(utf8: name)
                buffer.append("=")
                switch value {
                case .number(let number): buffer.append(decimal: number)
                case .text(let text): appendPlain(text, to: &buffer)
                }
            }
            buffer.append("\n")
        }
    }

    private func appendTime(to buffer: inout ByteBuffer) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        func pad(_ value: Int, _ width: Int) {
            let digits = String(value)
            for _ in digits.utf8.count..<max(width, digits.utf8.count) { buffer.append(UInt8(ascii: "0")) }
            buffer.append(utf8: digits)
        }
        pad(Int(parts.tm_year) + 1900, 4)
        buffer.append("-")
        pad(Int(parts.tm_mon) + 1, 2)
        buffer.append("-")
        pad(Int(parts.tm_mday), 2)
        buffer.append("T")
        pad(Int(parts.tm_hour), 2)
        buffer.append(":")
        pad(Int(parts.tm_min), 2)
        buffer.append(":")
        pad(Int(parts.tm_sec), 2)
        buffer.append(".")
        pad(time.tv_nsec / 1_000_000, 3)
        buffer.append("Z")
    }

    /// A text is cut here: what a peer sends may be long.
    static let longestText = 8192

    /// A JSON string (RFC 8259, section 7).
    private func appendQuoted(_ text: String, to buffer: inout ByteBuffer) {
        // Counting octets is free, counting characters is not.
        let text =
            text.utf8.count <= Self.longestText
            ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longestText))) + "…"
        buffer.append(UInt8(ascii: "\""))
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "\""): buffer.append("\\\"")
            case UInt8(ascii: "\\"): buffer.append("\\\\")
            case 0x0A: buffer.append("\\n")
            case 0..<0x20, 0x7F:
                buffer.append("\\u00")
                for nibble in [octet >> 4, octet & 15] { buffer.append(nibble < 10 ? nibble + 0x30 : nibble + 0x57) }
            default: buffer.append(octet)
            }
        }
        buffer.append(UInt8(ascii: "\""))
    }

    private func appendPlain(_ text: String, to buffer: inout ByteBuffer) {
        buffer.append(utf8: PlainText.escape(text, most: Self.longestText))
    }
}
