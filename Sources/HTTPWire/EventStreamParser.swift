import Bytes

/// Reads an event stream as a browser does (WHATWG HTML section 9.2.6), from octets that arrive bit by bit.
package struct EventStreamParser: ~Copyable {
    /// What a browser would dispatch, with the last event id as it stands then.
    package struct Event: Sendable, Equatable {
        package var event: String
        package var data: String
        package var lastEventID: String

        package init(event: String, data: String, lastEventID: String) {
            self.event = event
            self.data = data
            self.lastEventID = lastEventID
        }
    }

    /// The most recent id, kept across events.
    package private(set) var lastEventID = ""
    /// Milliseconds, if the server named a time.
    package private(set) var retry: Int?

    private let limit: Int
    private var line = ByteBuffer()
    private var data = ByteBuffer()
    private var hasData = false
    private var event = ""
    private var pendingID: String?
    private var afterCarriageReturn = false
    private var isFirstLine = true

    /// - Parameter limit: octets that one line, and the data of one event, may have.
    package init(limit: Int = 1 << 20) { self.limit = limit }

    /// The events that `bytes` completes.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> [Event] {
        var events: [Event] = []
        var start = 0
        while start < bytes.count {
            if afterCarriageReturn {
                afterCarriageReturn = false
                if bytes[start] == Octet.lineFeed {
                    start += 1
                    continue
                }
            }
            var end = start
            while end < bytes.count, bytes[end] != Octet.lineFeed, bytes[end] != Octet.carriageReturn { end += 1 }
            guard line.count + end - start <= limit else {
                throw HTTPError(.badGateway, "a line of the event stream is longer than \(limit) octets")
            }
            line.append(bytes.slice(start..<end))
            guard end < bytes.count else { break }
            afterCarriageReturn = bytes[end] == Octet.carriageReturn
            if let event = try endLine() { events.append(event) }
            start = end + 1
        }
        return events
    }

    private mutating func endLine() throws(HTTPError) -> Event? {
        if isFirstLine {
            isFirstLine = false
            let hasMark = line.withBytes { $0.starts(with: [0xEF, 0xBB, 0xBF]) }
            if hasMark { line.consume(3) }
        }
        if line.isEmpty { return dispatch() }
        let (field, value) = line.withBytes { line -> (String, String) in
            guard let colon = line.firstOffset(of: UInt8(ascii: ":"), in: 0..<line.count) else {
                return (line.text, "")
            }
            var start = colon + 1
            if start < line.count, line[start] == Octet.space { start += 1 }
            return (line.slice(0..<colon).text, line.slice(start..<line.count).text)
        }
        line.clear()
        switch field {
        case "event": event = value
        case "data":
            guard data.count + value.utf8.count < limit else {
                throw HTTPError(.badGateway, "an event's data is longer than \(limit) octets")
            }
            if hasData { data.append(Octet.lineFeed) }
            data.append(utf8: value)
            hasData = true
        case "id":
            if !value.utf8.contains(0) { pendingID = value }
        case "retry":
            if !value.isEmpty, value.utf8.allSatisfy({ $0.isDigit }) { retry = Int(value) ?? retry }
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> Event? {
        if let pendingID { lastEventID = pendingID }
        pendingID = nil
        defer {
            event = ""
            hasData = false
            data.clear()
        }
        guard hasData else { return nil }
        let text = data.withBytes { $0.text }
        return Event(event: event.isEmpty ? "message" : event, data: text, lastEventID: lastEventID)
    }
}
