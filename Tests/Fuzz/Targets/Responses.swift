import Bytes
import HTTPWire

/// A response, and an event stream in it, must not depend on how the octets arrive. The first octet chooses the pieces; its
/// lowest bit says whether the octets are a whole response or an event stream alone.
@Sendable
func fuzzResponses(_ input: UnsafeRawBufferPointer) -> String? {
    guard input.count > 1 else { return nil }
    let octets = UnsafeRawBufferPointer(rebasing: input[1...])
    let piece = 1 + Int(input[0] >> 1)
    let isStream = input[0] & 1 != 0
    let whole = isStream ? readEvents(octets, octets.count) : readResponse(octets, octets.count)
    let pieces = isStream ? readEvents(octets, piece) : readResponse(octets, piece)
    return whole == pieces ? nil : "in one piece: \(whole); in pieces: \(pieces)"
}

private func inPieces(
    _ octets: UnsafeRawBufferPointer, _ piece: Int, _ body: (UnsafeRawBufferPointer) throws(HTTPError) -> Bool
) throws(HTTPError) {
    var position = 0
    while position < octets.count {
        let end = min(octets.count, position + piece)
        guard try body(UnsafeRawBufferPointer(rebasing: octets[position..<end])) else { return }
        position = end
    }
}

private func readResponse(_ octets: UnsafeRawBufferPointer, _ piece: Int) -> String {
    var limits = ResponseParser.Limits()
    limits.head = 512
    limits.fields = 20
    limits.body = 256
    var parser = ResponseParser(to: .get, limits: limits)
    var used = 0
    do throws(HTTPError) {
        try inPieces(octets, piece) { bytes throws(HTTPError) in
            used += try parser.parse(bytes)
            return !parser.isComplete
        }
        try parser.end()
    } catch {
        return "refused"
    }
    return "\(parser.status.code) \(parser.fields.count) fields, \(used) octets, \(parser.body.array)"
}

private func readEvents(_ octets: UnsafeRawBufferPointer, _ piece: Int) -> String {
    var parser = EventStreamParser(limit: 128)
    var events: [EventStreamParser.Event] = []
    do throws(HTTPError) {
        try inPieces(octets, piece) { bytes throws(HTTPError) in
            events += try parser.parse(bytes)
            return true
        }
    } catch {
        // One call throws away the events of its octets before the line that is too long.
        return "refused"
    }
    for event in events {
        // What was read can be sent again, and says the same.
        var buffer = ByteBuffer()
        let sent = ServerSentEvent(
            data: event.data, event: event.event == "message" ? nil : event.event, id: event.lastEventID)
        guard (try? sent.encode(into: &buffer)) != nil else { continue }
        var again = EventStreamParser()
        let read = try? buffer.withBytes { bytes throws(HTTPError) in try again.parse(bytes) }
        if read != [event] { return "\(event) comes back as \(read as Any), piece \(piece)" }
    }
    return "\(events) \(parser.lastEventID) \(parser.retry as Any)"
}
