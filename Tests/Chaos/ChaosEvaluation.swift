/// Turns what was noted into figures and violations.
struct ChaosEvaluation {
    private let settings: ChaosSettings
    private let state: ChaosLedger.State
    private let audit: ChaosAudit

    init(_ settings: ChaosSettings, _ state: ChaosLedger.State, _ audit: ChaosAudit) {
        self.settings = settings
        self.state = state
        self.audit = audit
    }

    func fill(_ report: inout ChaosReport) {
        report.violations = state.violations
        report.violations += audit.findings().flatMap { describe($0) }
        report.violations += connectionViolations()
        report.violations += amountViolations()
        report.figures = figures()
        report.slowest = slowest()
    }

    /// The order that came last to the tab that had to wait longest for it.
    private func slowest() -> [String] {
        let accepted = Dictionary(state.accepted.map { ($0.order, $0.at) }) { first, _ in first }
        let late = state.seen.max { $0.at - (accepted[$0.order] ?? $0.at) < $1.at - (accepted[$1.order] ?? $1.at) }
        return late.map { late in
            describe(
                ChaosAudit.Finding(text: "seen last at \(seconds(late.at)) s", orders: [late.order]), until: late.at)
        } ?? []
    }

    // MARK: Violations

    /// The first orders of a finding, each with what is known of it and what happened around it.
    private func describe(_ finding: ChaosAudit.Finding, until end: Int = 0) -> [String] {
        let accepted = Dictionary(state.accepted.map { ($0.order, $0) }) { first, _ in first }
        var lines = ["\(finding.text): \(finding.orders.prefix(20).map(String.init).joined(separator: ", "))"]
        for order in finding.orders.prefix(3) {
            guard let entry = accepted[order] else {
                lines.append("  order \(order) was never answered")
                continue
            }
            lines.append(
                "  order \(order), number \(entry.number)\(entry.hasKey ? "" : " without a key"), was accepted at "
                    + "\(seconds(entry.at)) s by api \(entry.instance)")
            let around = state.happened.filter { $0.from - 5000 <= max(entry.at, end) && entry.at <= $0.until + 1000 }
                .sorted { $0.from < $1.from }
            lines += around.map { "    \($0)" }
        }
        return lines
    }

    /// An attempt may fail only while the very `api` it went to is brought down or comes back.
    private func connectionViolations() -> [String] {
        let wrong = state.lost.filter { lost in
            let target = ChaosTarget(.api, lost.instance)
            return !state.happened.contains {
                $0.target == target && $0.from - 50 <= lost.at && lost.at <= $0.until + 500
            }
        }
        return wrong.prefix(20).map {
            "\(seconds($0.at)) s: a request failed although api \($0.instance) was there: \($0.why)"
        }
    }

    /// The sweep for forgotten orders announces what has no event 30 s after it was stored. That must not be needed, unless
    /// the broker was away for most of that time.
    private func forgottenViolations() -> [String] {
        guard state.forgotten > 0 else { return [] }
        var first: [Int: Int] = [:]
        for (order, at) in state.seen { first[order] = min(first[order] ?? at, at) }
        let late = state.accepted.filter { (first[$0.order] ?? .max) - $0.at > 25_000 }
        let wrong = late.filter { order in
            let away = state.happened.filter { $0.target.kind == .broker }.map {
                max(0, min($0.until, order.at + 30_000) - max($0.from, order.at))
            }
            return away.reduce(0, +) < 15_000
        }
        if wrong.isEmpty, !late.isEmpty { return [] }
        return ["\(state.forgotten) orders reached the log without their message"]
            + describe(ChaosAudit.Finding(text: "probably", orders: wrong.map(\.order).sorted()))
    }

    private func amountViolations() -> [String] {
        var violations: [String] = []
        violations += forgottenViolations()
        if state.accepted.count < settings.orders {
            violations.append("only \(state.accepted.count) orders were accepted")
        }
        let kills = state.happened.reduce(0) { $0 + $1.fault.kills }
        if kills < settings.kills { violations.append("only \(kills) SIGKILLs were sent") }
        return violations
    }

    // MARK: Figures

    private func figures() -> ChaosFigures {
        var figures = ChaosFigures()
        let times = state.accepted.map(\.at).sorted()
        figures.seconds = (times.last ?? 0) / 1000
        figures.accepted = state.accepted.count
        figures.acceptedWithoutKey = state.accepted.count { !$0.hasKey }
        figures.attempts = state.attempts
        figures.connectionsRefused = state.lost.count { !$0.isUnknown }
        figures.unanswered = state.lost.count { $0.isUnknown }
        figures.unknown = state.unknown.count
        figures.unknownStored = audit.stored.count { $0.number.map { state.unknown.contains($0) } ?? false }
        figures.stored = audit.stored.count
        for fault in state.happened {
            let kind = fault.target.kind.rawValue
            if fault.fault.kills > 0 {
                figures.kills[kind, default: 0] += fault.fault.kills
            } else {
                figures.otherFaults["\(fault.fault.name) \(kind)", default: 0] += 1
            }
        }
        figures.cuts = state.cuts.count
        figures.streams = state.streams
        figures.eventsSeen = state.seen.count
        figures.forgotten = state.forgotten
        figures.post = ChaosFigures.Times(state.latencies)
        let accepted = Dictionary(state.accepted.map { ($0.order, $0.at) }) { first, _ in first }
        figures.acceptedToSeen = ChaosFigures.Times(
            state.seen.compactMap { seen in accepted[seen.order].map { max(0, seen.at - $0) } })
        let starts = { (isBroker: Bool) in
            state.happened.filter { ($0.target.kind == .broker) == isBroker }.compactMap(\.start)
        }
        figures.startOfService = ChaosFigures.Times(starts(false))
        figures.startOfBroker = ChaosFigures.Times(starts(true))
        figures.longestGap = zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? 0
        figures.warnings = state.warnings
        return figures
    }
}
