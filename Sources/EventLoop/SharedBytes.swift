/// Octets that never change and may wait in many output queues at once.
package final class SharedBytes: Sendable {
    package let bytes: [UInt8]
    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package var count: Int { bytes.count }
}

/// Octets that were received, in the loop's own buffer: valid until the callback that got them returns.
///
/// `@unchecked Sendable`: the callback runs on the loop's thread, as does the actor to which it passes them with
/// `assumeIsolated`; they never cross a thread.
package struct ReceivedBytes: @unchecked Sendable {
    package let bytes: UnsafeRawBufferPointer
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}
