/// What a chaos run does. Every choice follows from `seed`.
package struct ChaosSettings: Codable, Sendable {
    package var seed: UInt64
    /// Orders that are accepted at least; customers go on until the last fault is over.
    package var orders = 2000
    /// SIGKILLs that are sent at least.
    package var kills = 20
    /// Processes of each service.
    package var instances = 2
    /// How often a tab's connection is cut at least.
    package var cuts = 100
    /// How long the faults take, in seconds. The orders are spread over the same time.
    package var seconds = 40.0
    /// Of a hundred orders so many are sent without an `Idempotency-Key`.
    package var keyless = 10
    /// Tabs of each store.
    package var tabsOfStore = 2
    /// Orders under way at the same time at most.
    package var customers = 16

    /// Keeps the database, the logs and a report also when all is well.
    package var keeps = false

    package init(seed: UInt64) { self.seed = seed }

    /// Orders a second.
    package var rate: Double { Double(orders) / max(1, seconds) }
}

/// A process that may die.
package struct ChaosTarget: Hashable, Codable, Sendable, CustomStringConvertible {
    package enum Kind: String, Codable, Sendable {
        case api
        case storeAdmin = "store-admin"
        case broker = "RabbitMQ"
    }

    package let kind: Kind
    package let number: Int

    package init(_ kind: Kind, _ number: Int = 0) {
        self.kind = kind
        self.number = number
    }

    package var description: String { kind == .broker ? kind.rawValue : "\(kind.rawValue) \(number)" }
}

/// What happens to a process. Times are milliseconds.
package enum ChaosFault: Hashable, Sendable, CustomStringConvertible {
    /// SIGKILL, and a start after `down`.
    case kill(down: Int)
    /// SIGKILL, a start, and SIGKILL again `after` the new process began; then a start.
    case killTwice(after: Int, down: Int)
    /// SIGTERM, and a start after `down`.
    case terminate(down: Int)
    /// SIGSTOP, and SIGCONT after `time`.
    case freeze(time: Int)

    package var kills: Int {
        switch self {
        case .kill: 1
        case .killTwice: 2
        case .terminate, .freeze: 0
        }
    }

    package var name: String {
        switch self {
        case .kill: "SIGKILL"
        case .killTwice: "SIGKILL, and again during the start"
        case .terminate: "SIGTERM"
        case .freeze: "SIGSTOP"
        }
    }

    package var description: String {
        switch self {
        case .kill(let down): "\(name), down for \(down) ms"
        case .killTwice(let after, let down): "\(name) after \(after) ms, down for \(down) ms"
        case .terminate(let down): "\(name), down for \(down) ms"
        case .freeze(let time): "\(name) for \(time) ms"
        }
    }
}
