import Foundation
import Support
import Synchronized

/// Customers order and tabs read while everything dies again and again; then the accounts are compared.
package struct ChaosRun: Sendable {
    private let settings: ChaosSettings
    private let schedule: ChaosSchedule
    private let say: @Sendable (String) -> Void

    /// - Parameter say: is told a line now and then.
    package init(_ settings: ChaosSettings, say: @escaping @Sendable (String) -> Void = { _ in }) {
        self.settings = settings
        schedule = ChaosSchedule(settings)
        self.say = say
    }

    /// - Throws: when the run cannot be made. What it finds is in the report.
    package func run() async throws -> ChaosReport {
        let folder = try Self.makeFolder(settings)
        let ledger = ChaosLedger()
        let cluster = try await ChaosCluster.start(settings, folder: folder, ledger)
        var report = ChaosReport(settings)
        var audit = ChaosAudit()
        do {
            audit = try await work(cluster, ledger)
        } catch {
            ledger.violate("the run cannot go on: \(error)")
            for node in cluster.nodes.values {
                node.thaw()
                node.examine()
            }
        }
        await cluster.dispose()
        ChaosEvaluation(settings, ledger.current, audit).fill(&report)
        if report.violations.isEmpty, !settings.keeps {
            try? FileManager.default.removeItem(atPath: folder)
        } else {
            report.folder = folder
            let steps = schedule.steps.map(\.description).joined(separator: "\n")
            let state = ledger.current
            let happened = (state.happened.map(\.description) + state.cuts).joined(separator: "\n")
            let text = "\(report.summary)\n\nSchedule\n\(steps)\n\nWhat happened\n\(happened)\n\n\(report.table)\n"
            try text.write(toFile: folder + "/report.txt", atomically: true, encoding: .utf8)
        }
        return report
    }

    /// Beside the programs, where no temporary folder's end takes it away.
    private static func makeFolder(_ settings: ChaosSettings) throws -> String {
        let base = URL(fileURLWithPath: try ServiceProcess.executable("api")).deletingLastPathComponent().path
        let folder = "\(base)/chaos/seed-\(settings.seed)-\(settings.instances)"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    // MARK: The run

    private func work(_ cluster: ChaosCluster, _ ledger: ChaosLedger) async throws -> ChaosAudit {
        let tokens = try await cluster.customers()
        let tabs = try await makeTabs(cluster, ledger)
        let begin = ledger.now
        let customers = ChaosCustomers(settings, ports: cluster.apis.map(\.port), tokens: tokens, ledger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (target, node) in cluster.nodes {
                let steps = schedule.steps.filter { $0.target == target }
                group.addTask { await bring(steps, to: node, since: begin, ledger) }
            }
            group.addTask { await cut(tabs, since: begin, ledger) }
            let watching = Task { await watch(cluster, customers, tabs, ledger) }
            defer { watching.cancel() }
            try await group.waitForAll()
            say("\(seconds(ledger.now)) s: the faults are over; \(ledger.acceptedCount) orders are accepted")
            try await customers.end(within: 120 + settings.seconds)
        }
        return try await compare(cluster, tabs, ledger)
    }

    private func makeTabs(_ cluster: ChaosCluster, _ ledger: ChaosLedger) async throws -> [ChaosTab] {
        var tabs: [ChaosTab] = []
        for store in 1...ChaosCustomers.storeCount {
            let session = try await cluster.session(store: store)
            for number in 1...settings.tabsOfStore {
                tabs.append(
                    ChaosTab(
                        "tab \(number) of store \(store)", store: store, ports: cluster.admins.map(\.port),
                        session: session, seed: settings.seed &+ UInt64(store * 1000 + number), ledger))
            }
        }
        return tabs
    }

    private func bring(
        _ steps: [ChaosSchedule.Step], to node: ChaosNode, since begin: Int, _ ledger: ChaosLedger
    ) async {
        for step in steps {
            let wait = begin + step.at - ledger.now
            if wait > 0 { try? await Task.sleep(for: .milliseconds(wait)) }
            await node.bring(step.fault)
        }
    }

    private func cut(_ tabs: [ChaosTab], since begin: Int, _ ledger: ChaosLedger) async {
        for cut in schedule.cuts {
            let wait = begin + cut.at - ledger.now
            if wait > 0 { try? await Task.sleep(for: .milliseconds(wait)) }
            // The next that has a connection; when every store-admin is down, the first that has one again.
            var hit: ChaosTab?
            try? await eventually("a tab has a connection", within: 60) {
                hit = (0..<tabs.count).lazy.map { tabs[(cut.tab + $0) % tabs.count] }.first { $0.cut(cut.kind) }
                return hit != nil
            }
            guard let hit else { return ledger.violate("no tab could connect for a minute") }
            let line = "\(seconds(ledger.now)) s  \(hit.name): \(cut.kind)"
            ledger.change { $0.cuts.append(line) }
        }
    }

    /// A line every half minute; new tokens before the old ones expire.
    private func watch(
        _ cluster: ChaosCluster, _ customers: ChaosCustomers, _ tabs: [ChaosTab], _ ledger: ChaosLedger
    ) async {
        for round in 1... {
            do { try await Task.sleep(for: .seconds(30)) } catch { return }
            let state = ledger.current
            let kills = state.happened.reduce(0) { $0 + $1.fault.kills }
            let seen = tabs.map(\.count).reduce(0, +)
            say(
                "\(seconds(ledger.now)) s: \(state.accepted.count) orders accepted, \(seen) events seen, \(kills) kills, "
                    + "\(state.violations.count) violations")
            if round.isMultiple(of: 60) {
                // An instance may be down just now: the next time will do as well.
                if let tokens = try? await cluster.customers() { customers.renew(tokens) }
            }
        }
    }

    // MARK: The end

    private func compare(_ cluster: ChaosCluster, _ tabs: [ChaosTab], _ ledger: ChaosLedger) async throws -> ChaosAudit
    {
        try await cluster.waitUntilUp(within: 60)
        let stores = Array(1...ChaosCustomers.storeCount)
        let database = try ChaosDatabase(cluster.databasePath)
        defer { database.close() }
        // Each is waited for by itself, so that what does not come is named, and the rest is still compared.
        func settle(_ what: String, _ isSo: () async throws -> Bool) async {
            do { try await eventually(what, within: 60) { try await isSo() } } catch { ledger.violate("\(error)") }
        }
        await settle("every order is in the log") {
            try stores.map { try database.loggedCount(store: $0) }.reduce(0, +) == database.orderCount()
        }
        await settle("the outbox is empty") { try database.outboxCount() == 0 }
        await settle("every tab has seen every order of its store") {
            try tabs.allSatisfy { try $0.count >= database.loggedCount(store: $0.store) }
        }
        await settle("the broker's queues are empty") { try await cluster.waitingMessages().isEmpty }
        await settle("nothing is left of the instances that died") {
            try database.instanceCount() == settings.instances
        }
        let waiting = try await cluster.waitingMessages()
        if !waiting.isEmpty { ledger.violate("messages are left in the queues: \(waiting)") }

        var audit = ChaosAudit()
        for store in stores {
            audit.readers += try await fresh(cluster, store, count: database.loggedCount(store: store))
        }
        for tab in tabs { try await tab.close() }
        await cluster.end(ledger)
        let left = try database.instanceCount()
        if left > 0 { ledger.violate("\(left) instances have ended in order and left their entry") }
        for file in cluster.instanceFiles() { ledger.violate("the file of an instance is left: \(file)") }
        for process in cluster.leaked() { ledger.violate("process \(process) is left") }
        for damage in try database.damage() { ledger.violate("the database file is damaged: \(damage)") }
        let state = ledger.current
        audit.accepted = state.accepted.map { ChaosAudit.Accepted(order: $0.order, number: $0.number) }
        audit.unknown = state.unknown
        audit.stored = try database.stored()
        for store in stores { audit.log[store] = try database.log(store: store) }
        for tab in tabs {
            let events = tab.events
            audit.readers.append(
                ChaosAudit.Reader(
                    name: tab.name, store: tab.store,
                    events: events.map { ChaosAudit.Event(id: $0.id, order: $0.order) }))
            ledger.change { state in
                for event in events { state.seen.append((event.order, event.at)) }
            }
        }
        return audit
    }

    /// What a tab gets that begins at the beginning, at each instance.
    private func fresh(_ cluster: ChaosCluster, _ store: Int, count: Int) async throws -> [ChaosAudit.Reader] {
        let session = try await cluster.session(store: store)
        var readers: [ChaosAudit.Reader] = []
        for (number, admin) in cluster.admins.enumerated() {
            let name = "a new tab of store \(store) at store-admin \(number)"
            let tab = ChaosTab(name, store: store, ports: [admin.port], session: session, seed: 0, ChaosLedger())
            try? await eventually("\(name) has all", within: 30) { tab.count >= count }
            try await tab.close()
            readers.append(
                ChaosAudit.Reader(
                    name: name, store: store, events: tab.events.map { ChaosAudit.Event(id: $0.id, order: $0.order) }))
        }
        return readers
    }
}
