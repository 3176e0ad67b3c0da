import Bytes

/// The arguments of one method, without the class and method numbers.
package protocol MethodPayload: Equatable, Sendable {
    static var id: MethodID { get }
    /// Reads the arguments; the caller checks that nothing is left over.
    init(from reader: inout ArgumentReader) throws(AMQPError)
    func encode(into buffer: inout ByteBuffer) throws(AMQPError)
}
