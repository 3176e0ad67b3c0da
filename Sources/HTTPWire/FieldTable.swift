import Glibc

/// A part of a message head: offset and length in octets. Heads are at most 64 KiB.
package struct HeadSlice: Sendable, Equatable {
    var offset: UInt16
    var count: UInt16

    static let empty = HeadSlice(offset: 0, count: 0)

    init(offset: UInt16, count: UInt16) {
        self.offset = offset
        self.count = count
    }

    init(_ range: Range<Int>) {
        offset = UInt16(truncatingIfNeeded: range.lowerBound)
        count = UInt16(truncatingIfNeeded: range.count)
    }

    package var isEmpty: Bool { count == 0 }
    var range: Range<Int> { Int(offset)..<Int(offset) + Int(count) }
}

/// A message head's own copy of its octets, with its field lines as offsets into it (RFC 9112 section 5).
///
/// It is meant to be filled again and again: memory is kept between heads.
package struct FieldTable: ~Copyable {
    struct Entry {
        var name: HeadSlice
        var value: HeadSlice
    }

    private var octets: UnsafeMutableRawPointer?
    private var octetCapacity = 0
    private var octetCount = 0
    private var entries: UnsafeMutablePointer<Entry>?
    private var entryCapacity = 0
    package private(set) var count = 0

    /// The largest head that offsets can describe.
    package static let maximumHead = Int(UInt16.max)

    package init() {}

    deinit {
        octets?.deallocate()
        entries?.deallocate()
    }

    /// The octets of the whole head, start line included. Valid until the table changes.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: octets, count: octetCount) }

    @inline(__always)
    package subscript(_ slice: HeadSlice) -> UnsafeRawBufferPointer {
        // A slice of another head must not reach beyond this one.
        guard slice.range.upperBound <= octetCount else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: octets.map { $0 + Int(slice.offset) }, count: Int(slice.count))
    }

    package mutating func clear() {
        octetCount = 0
        count = 0
    }

    /// Takes a copy of `head`, which is at most `maximumHead` octets, and forgets all fields.
    mutating func load(_ head: UnsafeRawBufferPointer) {
        count = 0
        octetCount = min(head.count, FieldTable.maximumHead)
        if octetCapacity < octetCount {
            octets?.deallocate()
            octetCapacity = max(1024, octetCount)
            octets = UnsafeMutableRawPointer.allocate(byteCount: octetCapacity, alignment: 8)
        }
        if let octets, let source = head.baseAddress { memcpy(octets, source, octetCount) }
    }

    /// Parses the field lines from `position` to the end of the head.
    mutating func parseFields(from position: Int, limit: Int) throws(HTTPError) {
        let bytes = self.bytes
        let end = bytes.count
        var position = position
        while position < end {
            if bytes[position] == Octet.carriageReturn {
                guard position + 2 == end, bytes[position + 1] == Octet.lineFeed else {
                    throw .badRequest("a line starts with a bare CR")
                }
                return
            }
            if count == limit {
                throw HTTPError(.requestHeaderFieldsTooLarge, "more than \(limit) header fields")
            }
            position = try parseLine(bytes, position)
        }
        throw .badRequest("the header section does not end with an empty line")
    }

    private mutating func parseLine(_ bytes: UnsafeRawBufferPointer, _ start: Int) throws(HTTPError) -> Int {
        let end = bytes.count
        var position = start
        while position < end, bytes[position].isTokenCharacter { position += 1 }
        guard position < end, position > start, bytes[position] == UInt8(ascii: ":") else {
            let first = bytes[start]
            if first == Octet.space || first == Octet.tab { throw .badRequest("line folding in a header field") }
            throw .badRequest("a header field's name is not a token followed by a colon")
        }
        let name = start..<position
        position += 1
        while position < end, bytes[position] == Octet.space || bytes[position] == Octet.tab { position += 1 }
        let valueStart = position
        while position < end, bytes[position].isFieldCharacter { position += 1 }
        guard position + 1 < end, bytes[position] == Octet.carriageReturn,
            bytes[position + 1] == Octet.lineFeed
        else { throw .badRequest("a control character in a header field's value") }
        var valueEnd = position
        while valueEnd > valueStart, bytes[valueEnd - 1] == Octet.space || bytes[valueEnd - 1] == Octet.tab {
            valueEnd -= 1
        }
        append(Entry(name: HeadSlice(name), value: HeadSlice(valueStart..<valueEnd)))
        return position + 2
    }

    private mutating func append(_ entry: Entry) {
        if count == entryCapacity {
            let capacity = max(16, entryCapacity * 2)
            let memory = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
            if let entries {
                memory.moveInitialize(from: entries, count: count)
                entries.deallocate()
            }
            entries = memory
            entryCapacity = capacity
        }
        entries.unsafelyUnwrapped.advanced(by: count).initialize(to: entry)
        count += 1
    }

    /// Name and value of the field at `index`, in the order of arrival. Valid until the table changes.
    @inline(__always)
    package func field(at index: Int) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        precondition(index >= 0 && index < count, "no such field")
        let entry = entries.unsafelyUnwrapped[index]
        return (self[entry.name], self[entry.value])
    }

    func valueSlice(at index: Int) -> HeadSlice {
        precondition(index >= 0 && index < count, "no such field")
        return entries.unsafelyUnwrapped[index].value
    }

    /// The value of the first field of this name, without regard to case. Valid until the table changes.
    package func first(_ name: StaticString) -> UnsafeRawBufferPointer? {
        first(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    package func first(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        for index in 0..<count {
            let entry = entries.unsafelyUnwrapped[index]
            if Int(entry.name.count) == name.count, self[entry.name].equalsIgnoringCase(name) {
                return self[entry.value]
            }
        }
        return nil
    }

    /// All values of this name, joined by a comma as RFC 9110 section 5.3 allows for list fields; nil if there is none.
    package func joined(_ name: StaticString) -> String? {
        var result: String?
        for index in 0..<count {
            let field = field(at: index)
            guard field.name.equalsIgnoringCase(name) else { continue }
            result = result.map { $0 + ", " + field.value.text } ?? field.value.text
        }
        return result
    }
}
