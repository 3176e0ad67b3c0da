import AMQPWire
import Bytes

/// The frames that octets hold, or where they break, must not depend on how the octets arrive.
/// The first octet chooses the pieces, the second the frame size that was agreed.
@Sendable
func fuzzFrames(_ input: UnsafeRawBufferPointer) -> String? {
    guard input.count > 2 else { return nil }
    let octets = UnsafeRawBufferPointer(rebasing: input[2...])
    let parser = FrameParser(frameMax: 8 + Int(input[1]) * 8, headerMax: 64 + Int(input[1]))
    let whole = Arrived(parser, octets, piece: octets.count)
    let pieces = Arrived(parser, octets, piece: 1 + Int(input[0]))
    if whole != pieces { return "in one piece: \(whole); in pieces: \(pieces)" }
    guard let largest = whole.frames.map({ $0.payload.count }).max() else { return nil }
    return largest + frameOverhead > max(parser.frameMax, parser.headerMax) ? "a frame above the limit" : nil
}

private struct Arrived: Equatable {
    struct Received: Equatable {
        var kind: Frame.Kind
        var channel: UInt16
        var payload: [UInt8]
    }

    var frames: [Received] = []
    var failure: AMQPError?

    /// Keeps what is not a frame yet, as a connection does.
    init(_ parser: FrameParser, _ octets: UnsafeRawBufferPointer, piece: Int) {
        var rest = ByteBuffer()
        var position = 0
        while position < octets.count, failure == nil {
            let end = min(octets.count, position + piece)
            rest.append(UnsafeRawBufferPointer(rebasing: octets[position..<end]))
            position = end
            do throws(AMQPError) {
                while let size = try next(parser, rest) { rest.consume(size) }
            } catch {
                failure = error
            }
        }
    }

    private mutating func next(_ parser: FrameParser, _ rest: borrowing ByteBuffer) throws(AMQPError) -> Int? {
        let found = try rest.withBytes { bytes throws(AMQPError) -> (Received, Int)? in
            try parser.next(bytes).map {
                (Received(kind: $0.kind, channel: $0.channel, payload: Array($0.payload)), $0.size)
            }
        }
        guard let (frame, size) = found else { return nil }
        frames.append(frame)
        return size
    }
}
