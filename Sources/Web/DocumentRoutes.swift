import HTTP
import HTTPWire
import OpenAPI

/// The OpenAPI document, and the page on which its calls can be tried. Both services have them.
package enum DocumentRoutes {
    /// - Parameters:
    ///   - document: made when the first one asks for it.
    ///   - page: the page, which asks for `openapi.json` beside it.
    package static func add(
        to router: inout Router, _ document: @escaping @Sendable () -> Document, page: StaticFile
    ) {
        router.file("/openapi.json", StaticFile(contentType: "application/json") { document().tree.octets })
        router.file("/docs", page)
    }

    /// What both services answer besides their own.
    package static let operations: [Operation] = [
        Operation(
            .get, "/health/live", "getLiveness", .operation, "Does the service turn?",
            replies: [.plain("application/json", .named("Liveness"))]),
        Operation(
            .get, "/health/ready", "getReadiness", .operation, "Can it work?",
            details: "Names each part. A broker that is down leaves the service ready and `DEGRADED`.",
            replies: [
                .plain("application/json", .named("Readiness"), "It can."),
                Operation.Reply(503, "It cannot.", contents: ["application/json": .named("Readiness")]),
            ]),
        Operation(
            .get, "/metrics", "getMetrics", .operation, "Figures for Prometheus",
            replies: [.plain("text/plain", .string)]),
        Operation(
            .get, "/openapi.json", "getOpenAPI", .operation, "This document",
            parameters: [.known],
            replies: [.plain("application/json", Schema(["type": "object", "required": ["openapi"]])), .notModified]),
        Operation(
            .get, "/docs", "getDocs", .operation, "The page on which these calls can be tried",
            parameters: [.known], replies: [.page("The page."), .notModified]),
    ]
}

extension Operation.Tag {
    package static let operation = Self("Operation", "For those who run the service.")
}

extension Operation.Parameter {
    /// What a client says that has the file already.
    package static let known = Self.header("If-None-Match", "The `ETag` of the copy that the client has.", .string)
}
