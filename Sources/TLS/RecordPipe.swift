import Bytes
import COpenSSL

/// What OpenSSL takes for the network: a BIO that reads from octets which the caller holds and writes to a buffer which
/// the caller gives. Unlike a pair of memory BIOs it keeps and copies nothing in between.
final class RecordPipe {
    /// What is left of the octets from the peer; valid during one call into the engine.
    var input = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Where records go; swapped in during one call into the engine.
    var output = ByteBuffer()

    /// A BIO on this pipe, and may not outlive it; nil if there is no memory.
    func makeBIO() -> OpaquePointer? {
        guard let bio = BIO_new(Self.sharedMethod) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    private static func of(_ bio: OpaquePointer?) -> RecordPipe? {
        BIO_get_data(bio).map { Unmanaged<RecordPipe>.fromOpaque($0).takeUnretainedValue() }
    }

    /// `nonisolated(unsafe)`: made once, before anybody has it, and only read afterwards.
    private nonisolated(unsafe) static let sharedMethod: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "record pipe")
        BIO_meth_set_write_ex(method) { bio, octets, count, written in
            guard let pipe = RecordPipe.of(bio), let octets, let written else { return 0 }
            delivery_bio_clear_retry(bio)
            pipe.output.append(UnsafeRawBufferPointer(start: octets, count: count))
            written.pointee = count
            return 1
        }
        BIO_meth_set_read_ex(method) { bio, target, room, read in
            guard let pipe = RecordPipe.of(bio), let target, let read else { return 0 }
            delivery_bio_clear_retry(bio)
            read.pointee = min(room, pipe.input.count)
            guard read.pointee > 0 else {
                delivery_bio_set_retry_read(bio)
                return 0
            }
            UnsafeMutableRawBufferPointer(start: target, count: room).copyMemory(
                from: .init(rebasing: pipe.input.prefix(read.pointee)))
            pipe.input = UnsafeRawBufferPointer(rebasing: pipe.input.dropFirst(read.pointee))
            return 1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()
}
