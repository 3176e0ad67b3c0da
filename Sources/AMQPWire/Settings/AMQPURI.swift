/// An address of a broker, after RabbitMQ's URI specification (rabbitmq.com/uri-spec.html and uri-query-parameters.html).
///
/// What the URI does not say is nil, so that defaults stay with the reader. `amqp://host/` gives the virtual host an
/// empty name, and `amqp://host` none; a connection takes both for the default, `/`.
public struct AMQPURI: Hashable, Sendable {
    /// Whether the scheme is `amqps`.
    public var usesTLS: Bool
    /// The user to log in as.
    public var username: String?
    /// The user's password.
    public var password: String?
    /// A name or an address, an IPv6 address without its brackets.
    public var host: String?
    /// The TCP port.
    public var port: UInt16?
    /// The virtual host, without the slash in front.
    public var virtualHost: String?
    /// What the query says.
    public var options = Options()

    /// The query's parameters.
    public struct Options: Hashable, Sendable {
        /// Seconds.
        public var heartbeat: UInt16?
        /// Milliseconds.
        public var connectionTimeout: UInt32?
        /// The highest channel number.
        public var channelMax: UInt16?
        /// Octets of the largest frame.
        public var frameMax: UInt32?
        /// `cacertfile`: a PEM file with the authorities to trust.
        public var caCertificateFile: String?
        /// `certfile`: a PEM file with the client's certificate.
        public var certificateFile: String?
        /// `keyfile`: a PEM file with the client's private key.
        public var keyFile: String?
        /// `password`: what the key's file is encrypted with.
        public var keyPassphrase: String?
        /// `verify`: whether the server's certificate is checked.
        public var verifyPeer: Bool?
        /// `depth`: authorities between the server's certificate and the trusted one, at most.
        public var verificationDepth: UInt8?
        /// `server_name_indication`: the name to ask the server for; `disable` says that it is told none.
        public var serverNameIndication: String?
        /// `auth_mechanism`, once for each: what may be used to log in, the preferred one first.
        public var authenticationMechanisms: [AuthenticationMechanism] = []

        /// Nothing is said.
        public init() {}
    }

    /// Reads one URI, or several separated by commas; after the first, a host (with a port) alone takes the rest from
    /// the one before: `amqp://u:p@a,b:5673/v` is one login and virtual host on two hosts.
    public static func list(_ text: String) throws(AMQPError) -> [AMQPURI] {
        // Commas inside a query belong to the query.
        var pieces: [Substring] = []
        var rest = text[...]
        while let comma = rest.firstIndex(of: ",") {
            pieces.append(rest[..<comma])
            rest = rest[rest.index(after: comma)...]
        }
        pieces.append(rest)

        // Hosts in front of the last host of a group share its path and query: join them to that one.
        var uris: [AMQPURI] = []
        var open: [(scheme: Substring, login: Substring?, host: Substring)] = []
        for piece in pieces {
            var (scheme, login, remainder): (Substring, Substring?, Substring)
            if let range = piece.range(ofScheme: "://") {
                try flush(&open, into: &uris)
                scheme = piece[..<range.lowerBound]
                remainder = piece[range.upperBound...]
                login = nil
                let authority = remainder.prefix { $0 != "/" && $0 != "?" }
                if let at = authority.lastIndex(of: "@") {
                    login = remainder[..<at]
                    remainder = remainder[remainder.index(after: at)...]
                }
            } else if let last = open.last {
                (scheme, login, remainder) = (last.scheme, last.login, piece)
            } else if uris.isEmpty {
                throw AMQPError(.invalidURI, "the URI has to start with amqp:// or amqps://")
            } else {
                throw AMQPError(.invalidURI, "a host after a path or query: hosts come before the first /")
            }
            if remainder.contains("/") || remainder.contains("?") {
                let end = remainder.firstIndex { $0 == "/" || $0 == "?" } ?? remainder.endIndex
                for host in open { uris.append(try AMQPURI(host.scheme, host.login, host.host, remainder[end...])) }
                open = []
                uris.append(try AMQPURI(scheme, login, remainder[..<end], remainder[end...]))
            } else {
                open.append((scheme, login, remainder))
            }
        }
        try flush(&open, into: &uris)
        return uris
    }

    private static func flush(
        _ open: inout [(scheme: Substring, login: Substring?, host: Substring)], into uris: inout [AMQPURI]
    ) throws(AMQPError) {
        for host in open { uris.append(try AMQPURI(host.scheme, host.login, host.host, "")) }
        open = []
    }

    /// Reads exactly one URI.
    public init(_ text: String) throws(AMQPError) {
        let uris = try AMQPURI.list(text)
        guard uris.count == 1, let uri = uris.first else {
            throw AMQPError(.invalidURI, "one URI was expected, not \(uris.count)")
        }
        self = uri
    }

    private init(_ scheme: Substring, _ login: Substring?, _ authority: Substring, _ tail: Substring)
        throws(AMQPError)
    {
        switch scheme.lowercased() {
        case "amqp": usesTLS = false
        case "amqps": usesTLS = true
        default: throw AMQPError(.invalidURI, "the URI has to start with amqp:// or amqps://")
        }
        if let login {
            if let colon = login.firstIndex(of: ":") {
                username = try percentDecoded(login[..<colon], "user")
                password = try percentDecoded(login[login.index(after: colon)...], "password")
            } else {
                username = try percentDecoded(login, "user")
            }
        }
        try readAuthority(authority)
        let path = tail.prefix { $0 != "?" }
        if path.first == "/" {
            let name = path.dropFirst()
            guard !name.contains("@") else {
                throw AMQPError(.invalidURI, "the virtual host contains an @: write it as %40\(passwordHint)")
            }
            guard !name.contains("/") else {
                throw AMQPError(.invalidURI, "the virtual host contains a slash: write it as %2f\(passwordHint)")
            }
            virtualHost = try percentDecoded(name, "virtual host")
        }
        if path.endIndex < tail.endIndex { try options.read(tail[tail.index(after: path.endIndex)...]) }
    }

    private mutating func readAuthority(_ authority: Substring) throws(AMQPError) {
        var rest = authority
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else {
                throw AMQPError(.invalidURI, "an IPv6 address without its closing bracket")
            }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            guard let host, !host.isEmpty, host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                throw AMQPError(.invalidURI, "the brackets hold no IPv6 address")
            }
            rest = rest[rest.index(after: end)...]
        } else {
            let name = rest.prefix { $0 != ":" }
            guard !name.contains("@") else {
                throw AMQPError(.invalidURI, "the host contains an @\(passwordHint)")
            }
            if !name.isEmpty { host = try percentDecoded(name, "host") }
            rest = rest[name.endIndex...]
        }
        guard !rest.isEmpty else { return }
        guard rest.first == ":" else {
            throw AMQPError(.invalidURI, "something other than a port after the host\(passwordHint)")
        }
        let digits = rest.dropFirst()
        guard !digits.isEmpty else { return }
        guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits), port > 0 else {
            throw AMQPError(.invalidURI, "the port is not a number from 1 to 65535\(passwordHint)")
        }
        self.port = port
    }
}

/// What is wrong may be a part of the password, so that errors repeat nothing of what they are about.
let passwordHint = "; is a special character in the password not percent-encoded?"

extension Substring {
    fileprivate func range(ofScheme mark: String) -> Range<Index>? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix(mark) else { return nil }
        return colon..<index(colon, offsetBy: 3)
    }
}

/// Decodes %XX (RFC 3986, section 2.1); the result has to be UTF-8.
func percentDecoded(_ text: Substring, _ part: String) throws(AMQPError) -> String {
    var octets: [UInt8] = []
    var iterator = text.utf8.makeIterator()
    while let octet = iterator.next() {
        guard octet == UInt8(ascii: "%") else {
            octets.append(octet)
            continue
        }
        guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else {
            throw AMQPError(.invalidURI, "the \(part) has a % that two hexadecimal digits do not follow")
        }
        octets.append(high << 4 | low)
    }
    guard let decoded = String(validating: octets, as: UTF8.self) else {
        throw AMQPError(.invalidURI, "the \(part) is not UTF-8")
    }
    return decoded
}

private func hexDigit(_ octet: UInt8) -> UInt8? {
    switch octet {
    case 0x30...0x39: octet - 0x30
    case 0x41...0x46: octet - 0x41 + 10
    case 0x61...0x66: octet - 0x61 + 10
    default: nil
    }
}
