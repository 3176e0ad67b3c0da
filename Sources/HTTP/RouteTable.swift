import HTTPWire

/// A part of a path, counted from the path's first octet.
struct PathSlice: Sendable, Equatable {
    var offset: Int
    var count: Int
}

/// A router's paths as a tree of segments in flat arrays: looking up a path allocates and retains nothing.
final class RouteTable: Sendable {
    enum Match {
        case route(Route)
        case notFound
        /// Another method would be answered; the value is the Allow field's.
        case methodNotAllowed(String)
    }

    private struct Node {
        var firstEdge = 0
        var edgeCount = 0
        /// The node behind `{name}`, or -1.
        var parameter = -1
        /// The endpoint's index, or -1 if no route ends here.
        var endpoint = -1
    }

    private struct Edge {
        var textOffset: Int
        var textCount: Int
        var node: Int
    }

    private let basePath: [UInt8]
    private let nodes: [Node]
    private let edges: [Edge]
    private let text: [UInt8]
    /// For each endpoint one place per method, and its Allow field.
    private let routes: [Route?]
    private let allow: [String]
    /// The Allow field of `OPTIONS *`.
    let allMethods: String

    init(_ router: Router) {
        basePath = Array(router.basePath.utf8)
        let tree = Tree()
        for route in router.routes { tree.insert(route) }
        var nodes = [Node()]
        var edges: [Edge] = []
        var text: [UInt8] = []
        var routes: [Route?] = []
        var allow: [String] = []
        var waiting = [(tree, 0)]
        while let (tree, index) = waiting.popLast() {
            if !tree.routes.isEmpty {
                nodes[index].endpoint = allow.count
                routes += HTTPMethod.allCases.map { tree.routes[$0] ?? ($0 == .head ? tree.routes[.get] : nil) }
                allow.append(RouteTable.allow(Set(tree.routes.keys)))
            }
            nodes[index].firstEdge = edges.count
            nodes[index].edgeCount = tree.children.count
            for (segment, child) in tree.children.sorted(by: { $0.key < $1.key }) {
                edges.append(Edge(textOffset: text.count, textCount: segment.utf8.count, node: nodes.count))
                text += segment.utf8
                waiting.append((child, nodes.count))
                nodes.append(Node())
            }
            if let child = tree.parameter {
                nodes[index].parameter = nodes.count
                waiting.append((child, nodes.count))
                nodes.append(Node())
            }
        }
        self.nodes = nodes
        self.edges = edges
        self.text = text
        self.routes = routes
        self.allow = allow
        allMethods = RouteTable.allow(Set(router.routes.map(\.method)))
    }

    private static func allow(_ methods: Set<HTTPMethod>) -> String {
        var methods = methods.union([.options])
        if methods.contains(.get) { methods.insert(.head) }
        return HTTPMethod.allCases.filter { methods.contains($0) }.map(\.description).joined(separator: ", ")
    }

    /// Finds the route of `request` and notes it, its parameters and the length of the base path in it.
    func match(_ request: RequestStorage) -> Match {
        let path = request.head.path
        var start = 0
        if !basePath.isEmpty, path.starts(with: basePath) {
            // The base path alone means its root.
            if path.count == basePath.count { return endpoint(at: walkRoot(), request) }
            if path[basePath.count] == UInt8(ascii: "/") { start = basePath.count }
        }
        request.basePathCount = start
        guard path.first == UInt8(ascii: "/") else { return .notFound }
        return endpoint(at: walk(0, path, start, request.head.isPathEncoded, &request.parameters), request)
    }

    private func walkRoot() -> Int {
        var parameters: [PathSlice] = []
        return [UInt8(ascii: "/")].withUnsafeBytes { walk(0, $0, 0, false, &parameters) }
    }

    private func endpoint(at node: Int, _ request: RequestStorage) -> Match {
        guard node >= 0 else { return .notFound }
        let endpoint = nodes[node].endpoint
        let method = Int(request.head.method.rawValue)
        guard let route = routes[endpoint * HTTPMethod.allCases.count + method] else {
            return .methodNotAllowed(allow[endpoint])
        }
        request.route = route
        return .route(route)
    }

    /// The node at which a route ends, or -1. `position` is that of a slash or the end of the path.
    private func walk(
        _ node: Int, _ path: UnsafeRawBufferPointer, _ position: Int, _ isEncoded: Bool,
        _ parameters: inout [PathSlice]
    ) -> Int {
        if position == path.count { return nodes[node].endpoint >= 0 ? node : -1 }
        let start = position + 1
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let first = nodes[node].firstEdge
        for index in first..<first + nodes[node].edgeCount
        where isEncoded ? equalsDecoded(edges[index], path, start, end) : equals(edges[index], path, start, end) {
            let found = walk(edges[index].node, path, end, isEncoded, &parameters)
            if found >= 0 { return found }
        }
        let parameter = nodes[node].parameter
        guard parameter >= 0, end > start else { return -1 }
        parameters.append(PathSlice(offset: start, count: end - start))
        let found = walk(parameter, path, end, isEncoded, &parameters)
        if found < 0 { parameters.removeLast() }
        return found
    }

    private func equals(_ edge: Edge, _ path: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        guard edge.textCount == end - start else { return false }
        for index in 0..<edge.textCount where text[edge.textOffset + index] != path[start + index] { return false }
        return true
    }

    private func equalsDecoded(_ edge: Edge, _ path: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        let segment = UnsafeRawBufferPointer(rebasing: path[start..<end])
        guard let decoded = PercentEncoding.decode(segment) else { return false }
        return decoded.utf8.elementsEqual(text[edge.textOffset..<edge.textOffset + edge.textCount])
    }

    /// Used while the table is built.
    private final class Tree {
        var children: [String: Tree] = [:]
        var parameter: Tree?
        var routes: [HTTPMethod: Route] = [:]

        func insert(_ route: Route) {
            var tree = self
            for segment in Router.segments(route.pattern) {
                if Router.parameterName(segment) != nil {
                    let next = tree.parameter ?? Tree()
                    tree.parameter = next
                    tree = next
                } else {
                    let next = tree.children[segment] ?? Tree()
                    tree.children[segment] = next
                    tree = next
                }
            }
            tree.routes[route.method] = route
        }
    }
}
