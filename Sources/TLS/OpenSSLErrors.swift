import COpenSSL

/// OpenSSL's queue of errors of this thread, which has to be empty before a call whose errors are to be told.
enum OpenSSLErrors {
    struct Entry {
        let code: UInt

        var library: CInt { delivery_error_library(code) }
        var reason: CInt { delivery_error_reason(code) }
        var text: String {
            if let text = ERR_reason_error_string(code) { return String(cString: text) }
            return "error \(library):\(reason)"
        }

        /// The alert with which the peer ended the connection (RFC 8446, section 6.2), if it did.
        var alert: CInt? {
            let offset = SSL_AD_REASON_OFFSET
            guard library == ERR_LIB_SSL, reason > offset, reason < offset + 256 else { return nil }
            return reason - offset
        }

        func `is`(_ library: CInt, _ reason: CInt) -> Bool { self.library == library && self.reason == reason }
    }

    static func clear() { ERR_clear_error() }

    /// Everything in the queue, the first error first; the queue is empty afterwards.
    static func take() -> [Entry] {
        var entries: [Entry] = []
        while case let code = ERR_get_error(), code != 0 { entries.append(Entry(code: code)) }
        return entries
    }

    /// For a person.
    static func text(_ entries: [Entry]) -> String {
        entries.first?.text ?? "OpenSSL gives no reason"
    }
}

/// Runs `body` with what it writes to a memory BIO as text: no longer than 500 octets, and without control characters,
/// since a peer may have written it.
func printed(_ body: (OpaquePointer) -> Void) -> String {
    guard let bio = BIO_new(BIO_s_mem()) else { return "?" }
    defer { BIO_free(bio) }
    body(bio)
    var octets = [UInt8](repeating: 0, count: 500)
    let count = BIO_read(bio, &octets, CInt(octets.count))
    return plainText(octets.prefix(Int(max(0, count))))
}

/// Octets as text without control characters.
func plainText(_ octets: some Collection<UInt8>) -> String {
    let text = String(decoding: octets, as: UTF8.self)
    var plain = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.properties.isBidiControl
        plain.append(isControl ? "?" : scalar)
    }
    return String(plain)
}
