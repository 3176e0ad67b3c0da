import Bytes

/// A message's octets as they arrived.
package struct Content: Equatable, Sendable {
    /// Flags and properties, checked: `BasicProperties(checked:)` reads them.
    package var properties: [UInt8]
    package var body: [UInt8]

    package init(properties: [UInt8] = [], body: [UInt8] = []) {
        self.properties = properties
        self.body = body
    }
}

extension BasicProperties {
    /// Reads properties that `ArgumentReader.skipProperties` has checked.
    package init(checked octets: [UInt8]) {
        self = octets.withUnsafeBytes { BasicProperties(checked: $0) }
    }

    package init(checked octets: UnsafeRawBufferPointer) {
        var reader = ArgumentReader(octets)
        self = (try? reader.properties()) ?? BasicProperties()
    }
}

/// Puts header and body frames together, after the method that announced them.
package struct ContentAssembly: Sendable {
    private enum State { case idle, header, body(left: UInt64) }

    private var state = State.idle
    private var content = Content()
    /// Octets that a body may have.
    package let bodyMax: UInt64

    package init(bodyMax: UInt64) { self.bodyMax = bodyMax }

    package var isIdle: Bool {
        if case .idle = state { true } else { false }
    }

    package mutating func begin() { state = .header }

    /// Takes a header or body frame; returns the content when it is complete.
    package mutating func receive(_ frame: Frame) throws(AMQPError) -> Content? {
        switch (state, frame.kind) {
        case (.header, .header):
            let header = try ContentHeader(payload: frame.payload)
            guard header.classID == 60 else {
                throw .syntax("a content header of class \(header.classID)", .unexpectedFrame)
            }
            guard header.bodySize <= bodyMax else {
                throw .syntax("a body of \(header.bodySize) octets; \(bodyMax) are allowed", .contentTooLarge)
            }
            var reader = ArgumentReader(header.properties)
            try reader.skipProperties()
            content.properties = header.properties.count > 2 ? [UInt8](header.properties) : []
            return finish(left: header.bodySize)
        case (.body(let left), .body):
            let octets = frame.payload
            guard !octets.isEmpty, UInt64(octets.count) <= left else {
                throw .syntax("a body frame of \(octets.count) octets where \(left) are left", .unexpectedFrame)
            }
            if content.body.isEmpty, UInt64(octets.count) == left {
                content.body = [UInt8](octets)
            } else {
                // Trust what has arrived, not what was announced.
                if content.body.isEmpty { content.body.reserveCapacity(Int(min(left, 1 << 20))) }
                content.body.append(contentsOf: octets)
            }
            return finish(left: left - UInt64(octets.count))
        default: throw .syntax("a \(frame.kind) frame out of order", .unexpectedFrame)
        }
    }

    private mutating func finish(left: UInt64) -> Content? {
        guard left == 0 else {
            state = .body(left: left)
            return nil
        }
        state = .idle
        defer { content = Content() }
        return content
    }
}
