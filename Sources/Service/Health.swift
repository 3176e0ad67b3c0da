import Synchronization
import Synchronized

/// The parts of a service and how they are, for `/health/ready`.
package final class Health: Sendable {
    package enum Status: String, Sendable {
        /// Works.
        case up = "UP"
        /// Does not work, and the service does its work without it for now.
        case degraded = "DEGRADED"
        /// Does not work, and the service cannot do its work.
        case down = "DOWN"
    }

    package typealias Check = @Sendable () async -> Status

    private let checks = Lock<[(name: String, check: Check)]>([])
    private let isEnding = Atomic<Bool>(false)

    package init() {}

    package func add(_ name: String, _ check: @escaping Check) {
        checks.withLock { $0.append((name, check)) }
    }

    /// From now on the service is not ready, whatever its parts say: it is shutting down.
    package func end() { isEnding.store(true, ordering: .relaxed) }

    package struct Report: Sendable {
        package let status: Status
        package let parts: [(name: String, status: Status)]
        package var isReady: Bool { status != .down }

        /// For example `{"status":"DEGRADED","database":"UP","broker":"DEGRADED"}`.
        package var json: [UInt8] {
            var text = "{\"status\":\"\(status.rawValue)\""
            for part in parts { text += ",\"\(part.name)\":\"\(part.status.rawValue)\"" }
            return Array((text + "}").utf8)
        }
    }

    package func report() async -> Report {
        var parts: [(name: String, status: Status)] = []
        for (name, check) in checks.withLock({ $0 }) { parts.append((name, await check())) }
        let statuses = parts.map(\.status)
        let status: Status =
            isEnding.load(ordering: .relaxed) || statuses.contains(.down)
            ? .down : statuses.contains(.degraded) ? .degraded : .up
        return Report(status: status, parts: parts)
    }
}
