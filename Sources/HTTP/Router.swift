import HTTPWire

/// One method of one path, and who answers it.
package final class Route: Sendable {
    package enum Handler: Sendable {
        /// Runs to its end on the loop, without a task: for what neither waits nor takes long.
        case inline(@Sendable (Request) throws -> Response)
        /// Runs in a task on the connection's loop, and may suspend.
        case async(@Sendable (Request) async throws -> Response)
    }

    package let method: HTTPMethod
    /// For example `/api/user-order/id/{id}`.
    package let pattern: String
    package let parameterNames: [String]
    /// Octets of a request's body; nil means the server's limit.
    package let bodyLimit: Int?
    let handler: Handler

    init(_ method: HTTPMethod, _ pattern: String, bodyLimit: Int?, handler: Handler) {
        self.method = method
        self.pattern = pattern
        self.bodyLimit = bodyLimit
        self.handler = handler
        parameterNames = Router.segments(pattern).compactMap { Router.parameterName($0) }
    }
}

/// The routes of a service. HEAD is answered by GET's handler, OPTIONS and 405 by the server.
package struct Router: Sendable {
    /// Every route, in the order of registration.
    package private(set) var routes: [Route] = []
    /// A prefix that paths may carry, for example `/store-admin` behind a proxy; empty for none.
    package let basePath: String

    /// - Parameter basePath: with or without a slash at its end.
    package init(basePath: String = "") {
        var base = basePath[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        self.basePath = String(base)
    }

    /// Adds a handler that may suspend. A pattern starts with a slash; `{name}` stands for one segment.
    package mutating func on(
        _ method: HTTPMethod, _ pattern: String, bodyLimit: Int? = nil,
        _ handler: @escaping @Sendable (Request) async throws -> Response
    ) {
        add(Route(method, pattern, bodyLimit: bodyLimit, handler: .async(handler)))
    }

    /// Adds a handler that runs on the loop without a task: it must not block and should be short.
    package mutating func onInline(
        _ method: HTTPMethod, _ pattern: String, bodyLimit: Int? = nil,
        _ handler: @escaping @Sendable (Request) throws -> Response
    ) {
        add(Route(method, pattern, bodyLimit: bodyLimit, handler: .inline(handler)))
    }

    /// Serves `file` to GET and HEAD.
    package mutating func file(_ pattern: String, _ file: StaticFile) {
        onInline(.get, pattern, bodyLimit: 0) { file.response(to: $0) }
    }

    private mutating func add(_ route: Route) {
        precondition(route.pattern.hasPrefix("/"), "a route's pattern starts with a slash: \(route.pattern)")
        let shape = Router.shape(route.pattern)
        precondition(
            !routes.contains { $0.method == route.method && Router.shape($0.pattern) == shape },
            "two routes for \(route.method) \(route.pattern)")
        routes.append(route)
    }

    private static func shape(_ pattern: String) -> [String] {
        segments(pattern).map { parameterName($0) == nil ? $0 : "{}" }
    }

    static func segments(_ pattern: String) -> [String] {
        pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { String($0) }
    }

    static func parameterName(_ segment: String) -> String? {
        guard segment.count > 2, segment.hasPrefix("{"), segment.hasSuffix("}") else { return nil }
        return String(segment.dropFirst().dropLast())
    }
}
