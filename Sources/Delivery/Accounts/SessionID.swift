import SQLite

/// A session, or an access token, as the database knows it: its hash. What is kept of it while its streams are open.
package struct SessionID: Hashable, Sendable {
    private let words: [4 of UInt64]

    package init(token: String) { self.init(octets: Secrets.sha256(token)) }

    /// The octets of a SHA-256; what is missing counts as zero.
    private init(octets: [UInt8]) {
        words = [4 of UInt64] { word in
            octets.dropFirst(8 * word).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    package init?(hex: some StringProtocol) {
        guard let octets = Secrets.octets(hex: hex), octets.count == 32 else { return nil }
        self.init(octets: octets)
    }

    var octets: [UInt8] {
        (0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8))) }
    }

    package var hex: String { Secrets.hex(octets) }

    package static func == (one: SessionID, other: SessionID) -> Bool {
        (0..<4).allSatisfy { one.words[$0] == other.words[$0] }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(words[0]) }
}

extension Accounts {
    /// Until when a session holds; nil if it does not hold now.
    package static func expiry(of session: SessionID, in db: Connection) throws -> Timestamp? {
        guard let expires = try AccountRecords.streamToken(session.octets, in: db), expires > .now else { return nil }
        return expires
    }

    /// Deletes a session, and tells in the log that it has ended: its streams are open on whichever instance.
    /// - Returns: nil if there was no such session.
    static func end(
        _ session: SessionID, _ kind: TokenKind = .session, in db: Connection
    ) throws -> FeedEvent? {
        guard try AccountRecords.deleteToken(session.octets, kind, in: db) else { return nil }
        return try FeedRecords.append(
            .sessions, name: "session-ended", data: try JSON.encode(["session": session.hex]), at: .now, in: db)
    }
}

extension FeedEvent {
    /// The session whose end this event tells of.
    package var endedSession: SessionID? {
        guard topic == .sessions, let fields = try? JSON.decode([String: String].self, data) else { return nil }
        return fields["session"].flatMap { SessionID(hex: $0) }
    }
}
