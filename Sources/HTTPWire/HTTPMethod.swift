/// A request method (RFC 9110 section 9, RFC 5789, and QUERY of draft-ietf-httpbis-safe-method-w-body). Well-formed names that are not listed are `unrecognized`: 501.
package enum HTTPMethod: UInt8, Sendable, Hashable, CaseIterable {
    case get, head, post, put, delete, patch, options, connect, trace, query, unrecognized

    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .query: "QUERY"
        case .unrecognized: "unrecognized"
        }
    }

    /// None of GET, HEAD, OPTIONS, TRACE and QUERY: what such a request does may change state (RFC 9110 section 9.2.1).
    package var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace, .query: true
        default: false
        }
    }

    /// `name` is compared exactly: methods are case-sensitive.
    init(_ name: UnsafeRawBufferPointer) {
        switch name.count {
        case 3:
            if name.equals("GET") { self = .get; return }
            if name.equals("PUT") { self = .put; return }
        case 4:
            if name.equals("POST") { self = .post; return }
            if name.equals("HEAD") { self = .head; return }
        case 5:
            if name.equals("PATCH") { self = .patch; return }
            if name.equals("TRACE") { self = .trace; return }
            if name.equals("QUERY") { self = .query; return }
        case 6:
            if name.equals("DELETE") { self = .delete; return }
        case 7:
            if name.equals("OPTIONS") { self = .options; return }
            if name.equals("CONNECT") { self = .connect; return }
        default:
            break
        }
        self = .unrecognized
    }
}

extension HTTPMethod: CustomStringConvertible {
    package var description: String { name.description }
}
