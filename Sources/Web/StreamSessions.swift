import Delivery

/// By which session each open stream lives, and until when. A machine without I/O.
///
/// Nobody asks the database while a session is known to hold: only the few whose time is over are looked up.
struct StreamSessions<Stream: Hashable> {
    /// One session, which its streams hold so that they need not be looked up.
    final class Session {
        let id: SessionID
        fileprivate var expiry = Timestamp(milliseconds: .max)
        fileprivate var streams: Set<Stream> = []

        fileprivate init(_ id: SessionID) { self.id = id }
    }

    private var sessions: [SessionID: Session] = [:]

    var isEmpty: Bool { sessions.isEmpty }

    /// Finds the session of a stream that begins; `add` comes next.
    mutating func session(_ id: SessionID) -> Session {
        if let session = sessions[id] { return session }
        let session = Session(id)
        sessions[id] = session
        return session
    }

    func add(_ stream: Stream, to session: Session) { session.streams.insert(stream) }

    mutating func remove(_ stream: Stream, from session: Session) {
        session.streams.remove(stream)
        if session.streams.isEmpty { sessions[session.id] = nil }
    }

    /// Takes what the database says of a session.
    /// - Parameter expiry: nil when it does not hold any more.
    /// - Returns: the streams that must end.
    func update(_ id: SessionID, expiry: Timestamp?) -> Set<Stream> {
        guard let expiry else { return sessions[id]?.streams ?? [] }
        sessions[id]?.expiry = expiry
        return []
    }

    /// Sessions whose time seems to be over: they may have been given more.
    func due(at time: Timestamp, most: Int) -> [SessionID] {
        sessions.lazy.filter { $0.value.expiry <= time }.prefix(most).map(\.key)
    }
}
