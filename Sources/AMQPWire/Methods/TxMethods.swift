import Bytes

/// Makes the channel transactional.
package struct TxSelect: MethodPayload {
    package static let id = MethodID(class: 90, method: 10)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Answers select.
package struct TxSelectOk: MethodPayload {
    package static let id = MethodID(class: 90, method: 11)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Commits the transaction.
package struct TxCommit: MethodPayload {
    package static let id = MethodID(class: 90, method: 20)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Answers commit.
package struct TxCommitOk: MethodPayload {
    package static let id = MethodID(class: 90, method: 21)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Rolls the transaction back.
package struct TxRollback: MethodPayload {
    package static let id = MethodID(class: 90, method: 30)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}

/// Answers rollback.
package struct TxRollbackOk: MethodPayload {
    package static let id = MethodID(class: 90, method: 31)

    package init() {}

    package init(from reader: inout ArgumentReader) throws(AMQPError) {}

    package func encode(into buffer: inout ByteBuffer) throws(AMQPError) {}
}
