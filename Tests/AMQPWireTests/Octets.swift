import AMQPWire
import Bytes

/// Octets written as hexadecimal digits; spaces are free, and text in quotes stands for its UTF-8.
func octets(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    var inText = false
    var high: UInt8?
    for character in text.utf8 {
        if character == UInt8(ascii: "'") {
            inText.toggle()
        } else if inText {
            result.append(character)
        } else if let digit = Character(UnicodeScalar(character)).hexDigitValue {
            if let first = high {
                result.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
    }
    return result
}

func encoded(_ body: (inout ByteBuffer) throws -> Void) rethrows -> [UInt8] {
    var buffer = ByteBuffer()
    try body(&buffer)
    return buffer.array
}

func read<Value>(_ octets: [UInt8], _ body: (inout ArgumentReader) throws -> Value) throws -> Value {
    try octets.withUnsafeBytes { bytes in
        var reader = ArgumentReader(bytes)
        return try body(&reader)
    }
}

/// Frames as values, for comparing.
struct PlainFrame: Equatable {
    var kind: Frame.Kind
    var channel: UInt16
    var payload: [UInt8]
}

/// All frames at the front of the octets, and how many octets they take.
func frames(_ octets: [UInt8], _ parser: FrameParser = FrameParser()) throws -> (frames: [PlainFrame], used: Int) {
    try octets.withUnsafeBytes { bytes in
        var found: [PlainFrame] = []
        var position = 0
        while let frame = try parser.next(UnsafeRawBufferPointer(rebasing: bytes[position...])) {
            found.append(PlainFrame(kind: frame.kind, channel: frame.channel, payload: Array(frame.payload)))
            position += frame.size
        }
        return (found, position)
    }
}

/// What a client wrote, as methods: the server's side of the codec.
func methods(_ octets: [UInt8]) throws -> [Method] {
    try frames(octets).frames.filter { $0.kind == .method }.map { frame in
        try frame.payload.withUnsafeBytes { try Method(payload: $0) }
    }
}
