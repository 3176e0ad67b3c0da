import Bytes
import Glibc

/// What waits to be sent: first a buffer of copied octets, then octets that are shared with other queues.
struct OutputQueue: ~Copyable {
    var buffer = ByteBuffer()
    /// The first shared segment. Mostly it is the only one, and then no memory is taken for it.
    private var first: SharedBytes?
    /// Octets of it that are sent.
    private var sentOfFirst = 0
    /// Those behind it.
    private var others: Segments?
    private var sharedCount = 0

    /// Shared segments in turn.
    private final class Segments {
        /// nil where one was taken.
        private var all: [SharedBytes?] = []
        private var next = 0

        func append(_ segment: SharedBytes) { all.append(segment) }

        func takeFirst() -> SharedBytes? {
            guard next < all.count else { return nil }
            let segment = all[next]
            all[next] = nil
            next += 1
            if next > 64, next * 2 > all.count {
                all.removeFirst(next)
                next = 0
            }
            return segment
        }

        func first(_ most: Int) -> ArraySlice<SharedBytes?> { all[next..<min(all.count, next + most)] }
    }

    var count: Int { buffer.count + sharedCount }
    var isEmpty: Bool { count == 0 }
    var hasShared: Bool { sharedCount > 0 }

    mutating func append(_ segment: SharedBytes) {
        let count = segment.count
        guard count > 0 else { return }
        sharedCount += count
        guard first != nil else { return first = segment }
        if others == nil { others = Segments() }
        others?.append(segment)
    }

    /// One system call that sends as much as it takes.
    mutating func send(_ descriptor: CInt) throws(SystemError) -> Transfer {
        guard let first else { return try buffer.send(descriptor) }
        let result = try buffer.isEmpty && others == nil ? sendOne(first, descriptor) : sendVectors(first, descriptor)
        if case .octets(let sent) = result { drop(sent) }
        return result
    }

    /// Gives `body` the first octets that lie together, and drops as many as it says it took.
    mutating func takeFirst(
        atMost most: Int, _ body: (UnsafeRawBufferPointer) throws(SystemError) -> Int
    ) throws(SystemError) -> Int {
        let taken: Int
        if !buffer.isEmpty {
            taken = try buffer.withBytes { bytes throws(SystemError) in
                try body(UnsafeRawBufferPointer(rebasing: bytes.prefix(most)))
            }
        } else if let first {
            let skip = sentOfFirst
            var outcome = Result<Int, SystemError>.success(0)
            first.bytes.withUnsafeBytes { bytes in
                outcome = Result { () throws(SystemError) in
                    try body(UnsafeRawBufferPointer(rebasing: bytes[skip...].prefix(most)))
                }
            }
            taken = try outcome.get()
        } else {
            return 0
        }
        drop(taken)
        return taken
    }

    private func sendOne(_ segment: SharedBytes, _ descriptor: CInt) throws(SystemError) -> Transfer {
        let skip = sentOfFirst
        var outcome: Result<Transfer, SystemError> = .success(.wouldBlock)
        segment.bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            outcome = Result { () throws(SystemError) in
                try transfer("send") { Glibc.send(descriptor, base + skip, bytes.count - skip, CInt(MSG_NOSIGNAL)) }
            }
        }
        return try outcome.get()
    }

    private func sendVectors(_ one: SharedBytes, _ descriptor: CInt) throws(SystemError) -> Transfer {
        let most = 32
        let segments = others?.first(most - 1) ?? []
        return try buffer.withBytes { first throws(SystemError) -> Transfer in
            var outcome: Result<Transfer, SystemError> = .success(.wouldBlock)
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: most + 1) { vectors in
                var used = 0
                if first.count > 0 {
                    vectors[0] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count)
                    used = 1
                }
                // The segments live in the queue for the whole call, so the addresses of their storage stay valid.
                vectors[used] = one.vector(from: sentOfFirst)
                used += 1
                for case let segment? in segments {
                    vectors[used] = segment.vector(from: 0)
                    used += 1
                }
                var message = msghdr()
                message.msg_iov = vectors.baseAddress
                message.msg_iovlen = used
                outcome = Result { () throws(SystemError) in
                    try transfer("sendmsg") { sendmsg(descriptor, &message, CInt(MSG_NOSIGNAL)) }
                }
            }
            return try outcome.get()
        }
    }

    private mutating func drop(_ sent: Int) {
        let fromBuffer = min(sent, buffer.count)
        buffer.consume(fromBuffer)
        var rest = sent - fromBuffer
        sharedCount -= rest
        while rest > 0, let segment = first {
            let left = segment.count - sentOfFirst
            if rest < left {
                sentOfFirst += rest
                return
            }
            rest -= left
            sentOfFirst = 0
            first = others?.takeFirst()
        }
        if first == nil { others = nil }
    }

    mutating func clear() {
        buffer.release()
        first = nil
        others = nil
        sentOfFirst = 0
        sharedCount = 0
    }
}

extension SharedBytes {
    /// The octets from `start` on, as long as somebody holds this.
    fileprivate func vector(from start: Int) -> iovec {
        bytes.withUnsafeBytes { bytes in
            iovec(
                iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.advanced(by: start),
                iov_len: bytes.count - start)
        }
    }
}
