import Bytes
import HTTPWire

/// What a request head says, as a value that can be compared.
struct ParsedHead: Equatable, Sendable {
    var method = HTTPMethod.unrecognized
    var path = ""
    var query = ""
    var host = ""
    var framing = BodyFraming.none
    var keepsAlive = false
    var expectsContinue = false
    var fields: [String] = []
    /// Octets up to the end of the head.
    var consumed = 0

    init(_ head: borrowing RequestHead, consumed: Int) {
        method = head.method
        path = head.path.text
        query = head.query.text
        host = head.host.text
        framing = head.framing
        keepsAlive = head.keepsAlive
        expectsContinue = head.expectsContinue
        for index in 0..<head.fields.count {
            let field = head.fields.field(at: index)
            fields.append("\(field.name.text)=\(field.value.text)")
        }
        self.consumed = consumed
    }
}

enum HeadOutcome: Equatable, Sendable {
    case head(ParsedHead)
    case incomplete
    case refused(Int)

    var status: Int? { if case .refused(let status) = self { status } else { nil } }
    var head: ParsedHead? { if case .head(let head) = self { head } else { nil } }
}

/// Feeds `octets` in pieces of `step`, as they would arrive, to the scanner and the parser.
func parseHead(_ octets: [UInt8], step: Int = .max, limit: Int = 16_384) -> HeadOutcome {
    var scanner = HeadScanner()
    var head = RequestHead()
    var end = 0
    do {
        while end < octets.count {
            end = min(octets.count, end + min(step, octets.count))
            let outcome = try octets[..<end].withUnsafeBytes { bytes throws -> ParsedHead? in
                guard let range = try scanner.scan(bytes, limit: limit) else { return nil }
                try head.parse(UnsafeRawBufferPointer(rebasing: bytes[range]))
                return ParsedHead(head, consumed: range.upperBound)
            }
            if let outcome { return .head(outcome) }
        }
    } catch let error as HTTPError {
        return .refused(Int(error.status.code))
    } catch {
        return .refused(0)
    }
    return .incomplete
}

func parseHead(_ text: String, step: Int = .max, limit: Int = 16_384) -> HeadOutcome {
    parseHead(Array(text.utf8), step: step, limit: limit)
}

/// Calls `body` with the UTF-8 of `text`.
func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes(body)
}

/// Encodes and returns the octets as text.
func encoded(_ body: (inout ByteBuffer) throws -> Void) rethrows -> String {
    var buffer = ByteBuffer()
    try body(&buffer)
    return buffer.withBytes { $0.text }
}

/// The status of the error that `body` throws, or nil if it throws none.
func status(of body: () throws -> Void) -> Int? {
    do {
        try body()
        return nil
    } catch {
        return (error as? HTTPError).map { Int($0.status.code) } ?? 0
    }
}

/// A small repeatable generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
