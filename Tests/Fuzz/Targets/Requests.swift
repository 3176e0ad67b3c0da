import Bytes
import HTTPWire

/// The requests that octets hold, or that they hold none, must not depend on how the octets arrive; and a head that is
/// written down again as it was understood must be understood in the same way: two programs in a row that read one message
/// differently let a request be smuggled past the first.
/// The first octet chooses the pieces.
@Sendable
func fuzzRequests(_ input: UnsafeRawBufferPointer) -> String? {
    guard input.count > 1 else { return nil }
    let octets = UnsafeRawBufferPointer(rebasing: input[1...])
    let whole = ReceivedRequests(octets, piece: octets.count)
    let pieces = ReceivedRequests(octets, piece: 1 + Int(input[0]))
    if whole.requests != pieces.requests { return "in one piece: \(whole.requests); in pieces: \(pieces.requests)" }
    // What is wrong may be called otherwise, and in pieces a line may be refused before its head is complete.
    let isSooner = pieces.failure != nil && whole.isWithinHead
    if (whole.failure == nil) != (pieces.failure == nil), !isSooner {
        return "in one piece: \(whole.failure as Any); in pieces: \(pieces.failure as Any)"
    }
    if let finding = whole.finding ?? pieces.finding { return finding }
    for request in whole.requests {
        if let finding = request.finding { return finding }
    }
    return nil
}

private struct ReceivedRequest: Equatable {
    var method: String
    var target: String
    var minorVersion: UInt8
    var host: String
    var framing: BodyFraming
    var keepsAlive: Bool
    var fields: [String]
    var body: [UInt8] = []

    init(_ head: borrowing RequestHead) {
        method = text(head.methodName)
        target = text(head.target)
        minorVersion = head.minorVersion
        host = text(head.host)
        framing = head.framing
        keepsAlive = head.keepsAlive
        fields = (0..<head.fields.count).map { index in
            let (name, value) = head.fields.field(at: index)
            return "\(text(name)): \(text(value))"
        }
    }

    /// What the routes ask of a head: any octets must do.
    static func look(at head: borrowing RequestHead) -> String? {
        _ = PercentEncoding.decode(head.path)
        _ = try? FormFields(parsing: head.query)
        _ = try? FormFields.first("last_event_id", in: head.query)
        for index in 0..<head.fields.count {
            let value = head.fields.field(at: index).value
            _ = Cookies.value(of: "store_session", in: value)
            _ = MediaType.matches(value, "application/json")
            _ = MediaType.preferred(["application/json", "application/problem+json"], accept: value)
            _ = EntityTag.matches(ifNoneMatch: value, "\"x\"")
            if let trace = TraceID(traceparent: value), trace.description.utf8.count != 32 {
                return "the trace id \(trace)"
            }
        }
        return nil
    }

    var finding: String? {
        let written = "\(method) \(target) HTTP/1.\(minorVersion)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        // Octets that are no UTF-8 are allowed in values and cannot be written down as text.
        guard !written.contains("\u{FFFD}") else { return nil }
        var head = RequestHead()
        var octets = ByteBuffer()
        octets.append(utf8: written)
        do throws(HTTPError) {
            try octets.withBytes { bytes throws(HTTPError) in try head.parse(bytes) }
        } catch {
            return "\(written) is refused: \(error)"
        }
        var again = ReceivedRequest(head)
        again.body = body
        return again == self ? nil : "\(self) comes back as \(again)"
    }
}

private func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

/// Reads requests one after the other, as a connection does.
private struct ReceivedRequests: ~Copyable {
    private(set) var requests: [ReceivedRequest] = []
    private(set) var failure: String?
    private(set) var finding: String?
    private(set) var isWithinHead = false

    private static let bodyLimit = 256
    private var scanner = HeadScanner()
    private var head = RequestHead()
    private var request: ReceivedRequest?
    private var body = ByteBuffer()
    private var decoder = ChunkedDecoder()

    init(_ octets: UnsafeRawBufferPointer, piece: Int) {
        var waiting = ByteBuffer()
        var position = 0
        while position < octets.count, failure == nil {
            let end = min(octets.count, position + piece)
            waiting.append(UnsafeRawBufferPointer(rebasing: octets[position..<end]))
            position = end
            do throws(HTTPError) {
                while let used = try next(waiting), used > 0 || request != nil { waiting.consume(used) }
            } catch {
                failure = error.message
            }
        }
        isWithinHead = waiting.count > 0 && request == nil
    }

    /// - Returns: how many octets were taken; nil when more are needed.
    private mutating func next(_ waiting: borrowing ByteBuffer) throws(HTTPError) -> Int? {
        guard waiting.count > 0 else { return nil }
        return try waiting.withBytes { bytes throws(HTTPError) -> Int? in
            request == nil ? try takeHead(bytes) : try takeBody(bytes)
        }
    }

    private mutating func takeHead(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int? {
        guard let range = try scanner.scan(bytes, limit: 512) else { return nil }
        try head.parse(UnsafeRawBufferPointer(rebasing: bytes[range]), maximumFields: 20)
        finding = finding ?? ReceivedRequest.look(at: head)
        let received = ReceivedRequest(head)
        switch head.framing {
        case .none, .length(0), .untilClose: requests.append(received)
        case .length(let length) where length > Self.bodyLimit: throw HTTPError(.contentTooLarge, "body")
        case .length: request = received
        case .chunked:
            decoder = ChunkedDecoder()
            request = received
        }
        return range.upperBound
    }

    private mutating func takeBody(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) -> Int? {
        let used: Int
        let isComplete: Bool
        if case .length(let length) = request?.framing {
            used = min(bytes.count, length - body.count)
            body.append(UnsafeRawBufferPointer(rebasing: bytes[..<used]))
            isComplete = body.count == length
        } else {
            used = try decoder.decode(bytes, into: &body, limit: Self.bodyLimit)
            isComplete = decoder.isDone
        }
        if body.count > Self.bodyLimit { finding = "a body above the limit" }
        if isComplete, var received = request {
            received.body = body.array
            requests.append(received)
            request = nil
            body.clear()
        }
        return used
    }
}
