import Bytes
import EventLoop
import Glibc

/// TLS between a stream and its socket.
package final class TLSFilter: StreamFilter {
    private let engine: TLSEngine
    /// Why the stream was closed, if TLS was the reason.
    package private(set) var failure: TLSError?

    package init(_ engine: TLSEngine) { self.engine = engine }

    package var isEstablished: Bool { engine.isEstablished }
    package var hasEnded: Bool { engine.hasEnded }

    package func start(_ wire: inout ByteBuffer) throws(SystemError) {
        do throws(TLSError) { try engine.start(&wire) } catch { throw remember(error) }
    }

    package func receive(
        _ octets: UnsafeRawBufferPointer, plain: inout ByteBuffer, wire: inout ByteBuffer
    ) throws(SystemError) {
        do throws(TLSError) {
            try engine.receive(octets, plain: &plain, wire: &wire)
        } catch { throw remember(error) }
    }

    package func send(_ plain: UnsafeRawBufferPointer, wire: inout ByteBuffer) throws(SystemError) -> Int {
        do throws(TLSError) { return try engine.send(plain, wire: &wire) } catch { throw remember(error) }
    }

    package func finish(_ wire: inout ByteBuffer) { engine.finish(&wire) }

    package func peerDidEnd() throws(SystemError) {
        do throws(TLSError) { try engine.peerDidEnd() } catch { throw remember(error) }
    }

    private func remember(_ error: TLSError) -> SystemError {
        failure = error
        return SystemError("TLS", code: error.kind == .truncated ? ECONNABORTED : EPROTO)
    }
}
