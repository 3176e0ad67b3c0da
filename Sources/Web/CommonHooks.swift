import Delivery
import HTTP
import HTTPWire
import Service

/// What both services do to every request: check where it comes from, turn errors into replies, count and log.
package struct CommonHooks: Sendable {
    /// What a page may do and who may frame it. `same-origin` and not `no-referrer`: with that, browsers send `Origin: null`
    /// with a form.
    private static let pageFields = [
        (
            "Content-Security-Policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        ("Referrer-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ]

    private let publicOrigin: String?
    private let isSecure: Bool
    private let log: Logger
    private let requests: RequestMetrics

    package init(publicOrigin: String?, metrics: Metrics, log: Logger) {
        self.publicOrigin = publicOrigin
        isSecure = publicOrigin?.hasPrefix("https://") ?? false
        self.log = log
        requests = RequestMetrics(metrics)
    }

    package var hooks: Hooks {
        var hooks = Hooks()
        hooks.before = [{ request in try check(request) }]
        hooks.errorResponder = { error, request, trace in respond(error, request, trace) }
        hooks.after = { request, response in protect(request, &response) }
        hooks.observer = { observation in observe(observation) }
        return hooks
    }

    /// A browser sends its cookies also with a form of a foreign page; `Origin` tells (Fetch standard). Programs send no
    /// `Origin` and are let through.
    private func check(_ request: Request) throws -> Response? {
        // A login needs no cookie to change who the browser is logged in as.
        guard !request.method.isSafe, let origin = request.header("origin"),
            request.header("cookie") != nil || request.pattern == "/login"
        else { return nil }
        let isOwn: Bool
        if let publicOrigin {
            isOwn = origin.lowercased() == publicOrigin
        } else {
            // Without a setting the origin must name the host that the request itself names.
            isOwn =
                origin.lowercased() == "http://\(request.host.lowercased())"
                || origin.lowercased() == "https://\(request.host.lowercased())"
        }
        guard isOwn else { throw Refusal(.forbidden, "the request comes from a foreign page") }
        return nil
    }

    private func respond(_ error: any Error, _ request: Request?, _ trace: TraceID) -> Response {
        if let refusal = Refusal(error) {
            if refusal.status.code >= 500 {
                log.warning(
                    "refused",
                    [
                        "status": .number(Int(refusal.status.code)), "error": LogValue("\(error)"),
                        "trace_id": LogValue(trace),
                    ])
            }
            return Envelope.refusal(refusal, to: request, trace: trace)
        }
        log.error(
            "a request failed",
            [
                "method": LogValue("\(request?.method.name ?? "")"), "route": LogValue(request?.pattern ?? ""),
                "error": LogValue("\(error)"), "trace_id": LogValue(trace),
            ])
        let defect = Refusal(.internalServerError, "an internal error; trace \(trace)")
        return Envelope.refusal(defect, to: request, trace: trace)
    }

    private func protect(_ request: Request?, _ response: inout Response) {
        // Who came once by https never comes by http again (RFC 6797).
        if isSecure { response.fields.set("Strict-Transport-Security", "max-age=31536000") }
        guard let type = response.contentType else { return }
        response.fields.set("X-Content-Type-Options", "nosniff")
        // No foreign page shows or reads it, not even as an image or a script.
        response.fields.set("Cross-Origin-Resource-Policy", "same-origin")
        if type.hasPrefix("text/html") {
            for (name, value) in Self.pageFields { response.fields.set(name, value) }
        } else if response.fields["Cache-Control"] == nil {
            response.fields.append("Cache-Control", "no-store")
        }
    }

    private func observe(_ observation: Hooks.Observation) {
        requests.count(observation)
        guard log.isEnabled(.debug) else { return }
        log.debug(
            "request",
            [
                "method": LogValue("\(observation.method.name)"), "route": LogValue(observation.pattern),
                "status": .number(Int(observation.status.code)),
                "microseconds": .number(Int(observation.duration / .microseconds(1))),
                "trace_id": LogValue(observation.traceID), "peer": LogValue(observation.peer),
            ])
    }
}

extension StaticString {
    func hasPrefix(_ prefix: StaticString) -> Bool {
        utf8CodeUnitCount >= prefix.utf8CodeUnitCount
            && UnsafeBufferPointer(start: utf8Start, count: prefix.utf8CodeUnitCount)
                .elementsEqual(UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
    }
}
