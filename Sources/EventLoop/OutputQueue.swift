import Bytes
import Glibc

/// What waits to be sent: first a buffer of copied octets, then octets that are shared with other queues.
struct OutputQueue: ~Copyable {
    var buffer = ByteBuffer()
    /// nil where the octets are sent.
    private var shared: [SharedBytes?] = []
    private var firstShared = 0
    /// Octets of the first shared segment that are sent.
    private var sentOfFirst = 0
    private var sharedCount = 0

    var count: Int { buffer.count + sharedCount }
    var isEmpty: Bool { count == 0 }
    var hasShared: Bool { sharedCount > 0 }

    mutating func append(_ segment: SharedBytes) {
        guard segment.count > 0 else { return }
        shared.append(segment)
        sharedCount += segment.count
    }

    /// One system call that sends as much as it takes.
    mutating func send(_ descriptor: CInt) throws(SystemError) -> Transfer {
        if sharedCount == 0 { return try buffer.send(descriptor) }
        let result = try sendVectors(descriptor)
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
        } else if firstShared < shared.count, let segment = shared[firstShared] {
            let skip = sentOfFirst
            var outcome = Result<Int, SystemError>.success(0)
            segment.bytes.withUnsafeBytes { bytes in
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

    private func sendVectors(_ descriptor: CInt) throws(SystemError) -> Transfer {
        let most = 32
        let segments = shared[firstShared..<min(shared.count, firstShared + most)]
        return try buffer.withBytes { first throws(SystemError) -> Transfer in
            var outcome: Result<Transfer, SystemError> = .success(.wouldBlock)
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: most + 1) { vectors in
                var used = 0
                if first.count > 0 {
                    vectors[0] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count)
                    used = 1
                }
                var skip = sentOfFirst
                for case let segment? in segments {
                    // The segment lives in `shared` for the whole call, so the address of its storage stays valid.
                    segment.bytes.withUnsafeBytes { bytes in
                        vectors[used] = iovec(
                            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.advanced(by: skip),
                            iov_len: bytes.count - skip)
                    }
                    skip = 0
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
        while rest > 0 {
            guard let segment = shared[firstShared] else { return }
            let left = segment.count - sentOfFirst
            if rest < left {
                sentOfFirst += rest
                break
            }
            rest -= left
            sentOfFirst = 0
            shared[firstShared] = nil
            firstShared += 1
        }
        if firstShared == shared.count {
            shared = []
            firstShared = 0
        } else if firstShared > 64, firstShared * 2 > shared.count {
            shared.removeFirst(firstShared)
            firstShared = 0
        }
    }

    mutating func clear() {
        buffer.release()
        shared = []
        firstShared = 0
        sentOfFirst = 0
        sharedCount = 0
    }
}
