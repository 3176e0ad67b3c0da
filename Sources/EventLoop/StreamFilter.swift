import Bytes
import Glibc

/// Stands between a `Stream`'s user and its socket and changes the octets on their way, as TLS does. It does no I/O.
///
/// An error from it ends the stream: `streamDidClose` gets it, after what had been received before it, and after what the
/// filter still had to say to the peer was sent. A filter that knows more than a code keeps that for its owner to ask.
/// Every call comes on the loop's thread.
package protocol StreamFilter: AnyObject {
    /// Whether what the user wrote can be taken. Until then it waits in the stream.
    var isEstablished: Bool { get }
    /// Whether the peer has said that nothing more comes. The stream tells `streamDidEnd` and reads no more.
    var hasEnded: Bool { get }
    /// The stream begins. What is to be sent first is appended to `wire`.
    func start(_ wire: inout ByteBuffer) throws(SystemError)
    /// Octets came from the peer; all of them count as taken. What they hold for the user is appended to `plain`, which
    /// may not get much larger than they are; what is to be answered is appended to `wire`.
    func receive(
        _ octets: UnsafeRawBufferPointer, plain: inout ByteBuffer, wire: inout ByteBuffer
    ) throws(SystemError)
    /// Takes octets that the user wrote and appends what is to be sent for them to `wire`.
    /// - Returns: how many were taken; none while something from the peer has to come first.
    func send(_ plain: UnsafeRawBufferPointer, wire: inout ByteBuffer) throws(SystemError) -> Int
    /// The user sends no more: the filter's own goodbye is appended to `wire`.
    func finish(_ wire: inout ByteBuffer)
    /// The socket's input ended before `hasEnded`.
    /// - Throws: when the peer ought to have said that nothing more comes.
    func peerDidEnd() throws(SystemError)
}

/// A stream's filter with what waits behind it. An object of its own, so that the many streams without one are small.
final class FilteredOutput {
    /// Octets that the user wrote are not encoded while this many wait for the socket, so that they are held once.
    /// With what TLS adds it fits a buffer that the loop keeps.
    private static let wireTarget = 240 * 1024
    /// No filter has this much to say by itself, except to a peer that asks and asks and does not read.
    private static let wireLimit = 1024 * 1024

    let filter: any StreamFilter
    /// What goes to the socket.
    var wire = ByteBuffer()
    private(set) var isFinished = false

    init(_ filter: any StreamFilter) { self.filter = filter }

    func swapWire(_ buffer: inout ByteBuffer) { swap(&wire, &buffer) }

    /// Encodes what waits, as much as one call to the socket may take.
    func encode(_ output: inout OutputQueue) throws(SystemError) {
        guard filter.isEstablished else { return }
        while wire.count < Self.wireTarget, !output.isEmpty {
            let (filter, room) = (self.filter, Self.wireTarget - wire.count)
            let taken = try output.takeFirst(atMost: room) { bytes throws(SystemError) in
                try filter.send(bytes, wire: &wire)
            }
            if taken == 0 { return }
        }
    }

    func receive(_ octets: UnsafeRawBufferPointer, plain: inout ByteBuffer) throws(SystemError) {
        if isFinished {
            // After its goodbye it says no more.
            var unsaid = ByteBuffer()
            return try filter.receive(octets, plain: &plain, wire: &unsaid)
        }
        try filter.receive(octets, plain: &plain, wire: &wire)
        if wire.count > Self.wireLimit { throw SystemError("filter", code: ENOBUFS) }
    }

    /// True if there is a goodbye to be sent; it comes once.
    func finish() -> Bool {
        if isFinished { return false }
        isFinished = true
        filter.finish(&wire)
        return !wire.isEmpty
    }

    /// Sends what it can, and asks for nothing: the stream is about to close.
    func sendLast(_ descriptor: CInt) {
        if !wire.isEmpty { _ = try? wire.send(descriptor) }
    }
}

extension ByteBuffer {
    /// One system call that sends as much as it takes.
    mutating func send(_ descriptor: CInt) throws(SystemError) -> Transfer {
        let result = try withBytes { bytes throws(SystemError) in
            try transfer("send") { Glibc.send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL)) }
        }
        if case .octets(let sent) = result { consume(sent) }
        return result
    }
}
