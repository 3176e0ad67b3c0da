/// What a run has counted. Times are milliseconds.
package struct ChaosFigures: Codable, Sendable {
    package struct Times: Codable, Sendable {
        package var median = 0
        package var p99 = 0
        package var max = 0

        init(_ values: [Int]) {
            let sorted = values.sorted()
            guard let last = sorted.last else { return }
            median = sorted[sorted.count / 2]
            p99 = sorted[sorted.count * 99 / 100]
            max = last
        }
    }

    package var seconds = 0
    package var accepted = 0
    package var acceptedWithoutKey = 0
    package var attempts = 0
    package var connectionsRefused = 0
    package var unanswered = 0
    /// Orders without a key that got no answer, and how many of them were stored.
    package var unknown = 0
    package var unknownStored = 0
    package var stored = 0
    package var kills: [String: Int] = [:]
    package var otherFaults: [String: Int] = [:]
    package var cuts = 0
    package var streams = 0
    package var eventsSeen = 0
    package var forgotten = 0
    package var post = Times([])
    package var acceptedToSeen = Times([])
    package var startOfService = Times([])
    package var startOfBroker = Times([])
    /// The longest time in which no order was accepted.
    package var longestGap = 0
    package var warnings: [String: Int] = [:]

    package var killCount: Int { kills.values.reduce(0, +) }
}

/// How a run went.
package struct ChaosReport: Sendable {
    package let settings: ChaosSettings
    package internal(set) var figures = ChaosFigures()
    /// What must not have happened; empty when all is well.
    package internal(set) var violations: [String] = []
    /// What is known of the order that a tab saw last of all, for whoever wants to know why.
    package internal(set) var slowest: [String] = []
    /// Where everything was kept because of them.
    package internal(set) var folder: String?

    init(_ settings: ChaosSettings) { self.settings = settings }

    /// The first of the violations and how to repeat the run.
    package var summary: String {
        let shown = violations.prefix(40).joined(separator: "\n")
        let more = violations.count > 40 ? "\n… and \(violations.count - 40) more" : ""
        return
            "seed \(settings.seed): \(violations.count) violations; kept in \(folder ?? "no folder")\n\(shown)\(more)"
    }

    package var table: String {
        let figures = self.figures
        func of(_ times: ChaosFigures.Times) -> String { "\(times.median) / \(times.p99) / \(times.max)" }
        var rows: [(String, String)] = [
            ("instances of each service", "\(settings.instances)"), ("seconds", "\(figures.seconds)"),
            ("orders accepted (201)", "\(figures.accepted)"),
            ("of these without a key", "\(figures.acceptedWithoutKey)"), ("attempts", "\(figures.attempts)"),
            ("attempts that found nobody listening", "\(figures.connectionsRefused)"),
            ("attempts without an answer", "\(figures.unanswered)"),
            (
                "orders without a key and without an answer / of these stored",
                "\(figures.unknown) / \(figures.unknownStored)"
            ), ("orders stored", "\(figures.stored)"), ("SIGKILLs", "\(figures.killCount)"),
        ]
        rows += figures.kills.sorted { $0.key < $1.key }.map { ("of these \($0.key)", "\($0.value)") }
        rows += figures.otherFaults.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        rows += [
            ("connections of tabs cut", "\(figures.cuts)"), ("streams opened", "\(figures.streams)"),
            ("events seen by tabs", "\(figures.eventsSeen)"),
            ("orders announced without their message", "\(figures.forgotten)"),
            ("ms for a POST that was answered: median / p99 / longest", of(figures.post)),
            ("ms from 201 until a tab sees it: median / p99 / longest", of(figures.acceptedToSeen)),
            ("ms without any order accepted: longest", "\(figures.longestGap)"),
            ("ms for a service to start: median / p99 / longest", of(figures.startOfService)),
            ("ms for RabbitMQ to start: median / p99 / longest", of(figures.startOfBroker)),
            ("violations", "\(violations.count)"),
        ]
        return "| chaos, seed \(settings.seed) | |\n| --- | ---: |\n"
            + rows.map { "| \($0.0) | \($0.1) |" }.joined(separator: "\n")
    }
}
