/// One dispatched server-sent event.
package struct ServerEvent: Equatable, Sendable {
    /// The last event id at the time of the event; empty when none was ever sent.
    package var id: String
    /// `message` for an event without a name.
    package var event: String
    package var data: String

    package init(id: String = "", event: String = "message", data: String) {
        self.id = id
        self.event = event
        self.data = data
    }

    /// The data as JSON, `.null` when it is none.
    package var json: JSONValue { (try? JSONValue(parsing: Array(data.utf8))) ?? .null }
}

/// Interprets an event stream as the HTML standard says, section 9.2.6, octet by octet.
package struct EventStreamParser {
    package private(set) var lastEventID = ""
    /// Milliseconds, from the last valid `retry` field.
    package private(set) var retry: Int?
    package private(set) var comments: [String] = []

    private var line: [UInt8] = []
    private var followsCR = false
    private var isFirstLine = true
    private var pendingID: String?
    private var event = ""
    private var data: [String] = []

    package init(lastEventID: String = "") {
        self.lastEventID = lastEventID
    }

    /// Forgets what is half read, for a new connection.
    mutating func startAgain() {
        (line, followsCR, isFirstLine, pendingID, event, data) = ([], false, true, nil, "", [])
    }

    package mutating func parse(_ bytes: [UInt8]) -> [ServerEvent] {
        var events: [ServerEvent] = []
        for byte in bytes {
            defer { followsCR = byte == 13 }
            switch byte {
            case 10 where followsCR: continue
            case 10, 13:
                if let event = endLine() { events.append(event) }
            default: line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> ServerEvent? {
        if isFirstLine, line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
        isFirstLine = false
        let text = String(decoding: line, as: UTF8.self)
        line = []
        if text.isEmpty { return dispatch() }
        let colon = text.unicodeScalars.firstIndex(of: ":")
        let field = colon.map { String(text.unicodeScalars[..<$0]) } ?? text
        var value = colon.map { String(text.unicodeScalars[text.unicodeScalars.index(after: $0)...]) } ?? ""
        if value.unicodeScalars.first == " " { value = String(value.unicodeScalars.dropFirst()) }
        switch field {
        case "": comments.append(value)
        case "event": event = value
        case "data": data.append(value)
        case "id": if !value.unicodeScalars.contains("\0") { pendingID = value }
        case "retry":
            if !value.isEmpty, value.utf8.allSatisfy({ (48...57).contains($0) }) { retry = Int(value) }
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerEvent? {
        if let pendingID { lastEventID = pendingID }
        defer {
            event = ""
            data = []
        }
        guard !data.isEmpty else { return nil }
        return ServerEvent(
            id: lastEventID, event: event.isEmpty ? "message" : event, data: data.joined(separator: "\n"))
    }
}
