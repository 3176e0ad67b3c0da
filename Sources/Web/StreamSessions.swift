import Delivery

/// By which session each open stream lives, and until when. A machine without I/O.
///
/// Nobody asks the database while a session is known to hold: only the few whose time is over are looked up.
struct StreamSessions<Stream: Hashable> {
    private struct Session {
        var expiry = Timestamp(milliseconds: .max)
        var streams: Set<Stream> = []
    }

    private var owners: [Stream: SessionID] = [:]
    private var sessions: [SessionID: Session] = [:]

    func owner(of stream: Stream) -> SessionID? { owners[stream] }

    mutating func add(_ stream: Stream, of session: SessionID) {
        owners[stream] = session
        sessions[session, default: Session()].streams.insert(stream)
    }

    mutating func remove(_ stream: Stream) {
        guard let session = owners.removeValue(forKey: stream) else { return }
        sessions[session]?.streams.remove(stream)
        if sessions[session]?.streams.isEmpty == true { sessions[session] = nil }
    }

    /// Takes what the database says of a session.
    /// - Parameter expiry: nil when it does not hold any more.
    /// - Returns: the streams that must end.
    mutating func update(_ session: SessionID, expiry: Timestamp?) -> Set<Stream> {
        guard let expiry else { return sessions[session]?.streams ?? [] }
        sessions[session]?.expiry = expiry
        return []
    }

    /// Sessions whose time seems to be over: they may have been given more.
    func due(at time: Timestamp, most: Int) -> [SessionID] {
        sessions.lazy.filter { $0.value.expiry <= time }.prefix(most).map(\.key)
    }
}
