import Bytes
import HTTPWire

/// A request as handlers see it. Copies share one immutable storage.
package struct Request: Sendable {
    let storage: RequestStorage

    /// Parses a whole message, for tests of handlers without a connection. Its body must be as long as it says.
    package init(parsing message: [UInt8], peer: String = "127.0.0.1") throws(HTTPError) {
        let storage = RequestStorage()
        storage.peer = peer
        var scanner = HeadScanner()
        var failure: HTTPError?
        message.withUnsafeBytes { bytes in
            do throws(HTTPError) {
                guard let range = try scanner.scan(bytes, limit: 65_535) else {
                    throw HTTPError(.badRequest, "the head is not complete")
                }
                try storage.head.parse(UnsafeRawBufferPointer(rebasing: bytes[range]))
                storage.body.append(UnsafeRawBufferPointer(rebasing: bytes[range.upperBound...]))
                storage.readTrace(orElse: TraceID(high: 0, low: 1))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        self.storage = storage
    }

    init(_ storage: RequestStorage) { self.storage = storage }

    package var method: HTTPMethod { storage.head.method }
    /// The path as it was sent, without the base path.
    package var path: String { storage.path.text }
    /// The pattern of the route, or an empty string if none matched.
    package var pattern: String { storage.route?.pattern ?? "" }
    /// The numeric address of the other end of the connection.
    package var peer: String { storage.peer }
    /// From `traceparent` if the client sent one, else a fresh one.
    package var traceID: TraceID { storage.traceID }
    /// Host and port that the client meant; empty for HTTP/1.0 without Host.
    package var host: String { storage.head.host.text }

    /// The decoded part of the path that stands for `{name}` in the route's pattern; nil if there is no such part or
    /// it is not UTF-8.
    package func parameter(_ name: String) -> String? {
        guard let names = storage.route?.parameterNames, let index = names.firstIndex(of: name),
            index < storage.parameters.count
        else { return nil }
        return PercentEncoding.decode(storage.pathSlice(storage.parameters[index]))
    }

    /// The first value of this name in the query; throws 400 if it is not percent-encoded UTF-8.
    package func query(_ name: String) throws(HTTPError) -> String? {
        if storage.head.query.isEmpty { return nil }
        return try FormFields.first(name, in: storage.head.query)
    }

    /// The value of the first header field of this name, whatever its case.
    package func header(_ name: StaticString) -> String? { storage.head.fields.first(name)?.text }

    /// The values of all header fields of this name, joined by commas.
    package func headers(_ name: StaticString) -> String? { storage.head.fields.joined(name) }

    /// The octets of the first header field of this name, without making a String; valid inside `body` only.
    package func withHeader<Result>(
        _ name: StaticString, _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) rethrows -> Result {
        try body(storage.head.fields.first(name))
    }

    /// All header fields in the order of arrival.
    package var headerFields: [(name: String, value: String)] {
        (0..<storage.head.fields.count).map {
            let field = storage.head.fields.field(at: $0)
            return (field.name.text, field.value.text)
        }
    }

    /// The value of the first cookie of this name.
    package func cookie(_ name: StaticString) -> String? {
        for index in 0..<storage.head.fields.count {
            let field = storage.head.fields.field(at: index)
            guard field.name.count == 6, field.name.text.lowercased() == "cookie" else { continue }
            if let value = Cookies.value(of: name, in: field.value) { return value }
        }
        return nil
    }

    package var bodyCount: Int { storage.body.count }
    /// A copy of the body.
    package var body: [UInt8] { storage.body.array }

    /// The body's octets, valid inside `body` only.
    package func withBody<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let bytes = storage.body.withBytes { $0 }
        return try withExtendedLifetime(storage) { try body(bytes) }
    }

    /// The body as form fields; throws 400 if it is malformed and 415 if it is something else.
    package func form() throws(HTTPError) -> FormFields {
        guard let type = storage.head.fields.first("content-type"),
            MediaType.matches(type, "application/x-www-form-urlencoded")
        else { throw HTTPError(.unsupportedMediaType, "the body is not application/x-www-form-urlencoded") }
        return try storage.body.withBytes { bytes throws(HTTPError) in try FormFields(parsing: bytes) }
    }

    /// True if the body's media type is `type`, whatever its parameters.
    package func hasContentType(_ type: StaticString) -> Bool {
        storage.head.fields.first("content-type").map { MediaType.matches($0, type) } ?? false
    }

    /// The index of the media type that the client likes best, the first one of equals; nil if it accepts none.
    package func preferredType(of types: [StaticString]) -> Int? {
        guard let accept = storage.head.fields.first("accept") else { return 0 }
        return MediaType.preferred(types, accept: accept)
    }
}

/// Memory of one request, used again for a later one when nobody holds it any more.
///
/// `@unchecked Sendable`: it changes only while its connection's loop is the only one that knows it, which
/// `isKnownUniquelyReferenced` shows before each further use. Once a handler has seen it, it is constant.
final class RequestStorage: @unchecked Sendable {
    var head = RequestHead()
    var body = ByteBuffer()
    var route: Route?
    var parameters: [PathSlice] = []
    /// Octets of the path that belong to the base path.
    var basePathCount = 0
    var peer = ""
    var traceID = TraceID(high: 0, low: 1)
    var started: ContinuousClock.Instant?

    // While the body arrives.
    var decoder = ChunkedDecoder()
    var bodyLimit = 0

    var path: UnsafeRawBufferPointer {
        let path = head.path
        guard basePathCount > 0, basePathCount < path.count else { return path }
        return UnsafeRawBufferPointer(rebasing: path[basePathCount...])
    }

    func pathSlice(_ slice: PathSlice) -> UnsafeRawBufferPointer {
        let path = head.path
        let end = slice.offset + slice.count
        guard end <= path.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: path[slice.offset..<end])
    }

    func readTrace(orElse fresh: @autoclosure () -> TraceID) {
        traceID = head.fields.first("traceparent").flatMap { TraceID(traceparent: $0) } ?? fresh()
    }

    func recycle() {
        head.clear()
        body.clear()
        route = nil
        parameters.removeAll(keepingCapacity: true)
        basePathCount = 0
        started = nil
    }
}
