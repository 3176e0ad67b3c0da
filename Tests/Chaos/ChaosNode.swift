import Foundation
import Glibc
import Support

/// One process of the run: is brought down, held still and started again, and its words and its ends are examined.
final class ChaosNode: Sendable {
    enum Process: Sendable {
        case service(ServiceProcess)
        case broker(RabbitMQBroker)
    }

    let target: ChaosTarget
    private let process: Process
    private let ledger: ChaosLedger
    /// Where the output of each life is appended.
    private let log: String

    init(_ target: ChaosTarget, _ process: Process, log: String, _ ledger: ChaosLedger) {
        self.target = target
        self.process = process
        self.log = log
        self.ledger = ledger
    }

    // MARK: Faults

    /// Brings the fault and returns when the process is back.
    func bring(_ fault: ChaosFault) async {
        if !isRunning {
            ledger.violate("\(target) has ended by itself")
            examine()
            await startUntilUp()
        }
        let from = ledger.now
        var start: Int?
        do {
            switch fault {
            case .kill(let down):
                try await waitUntilBusy(jitter: down)
                try await kill()
                try await Task.sleep(for: .milliseconds(down))
                start = await startUntilUp()
            case .killTwice(let after, let down):
                try await waitUntilBusy(jitter: down)
                try await kill()
                try await killDuringStart(after)
                try await Task.sleep(for: .milliseconds(down))
                start = await startUntilUp()
            case .terminate(let down):
                try await terminate()
                try await Task.sleep(for: .milliseconds(down))
                start = await startUntilUp()
            case .freeze(let time):
                signal(SIGSTOP)
                try? await Task.sleep(for: .milliseconds(time))
                signal(SIGCONT)
            }
        } catch {
            ledger.violate("\(target), \(fault): \(error)")
            if !isRunning { await startUntilUp() }
        }
        let happened = ChaosLedger.Happened(target: target, fault: fault, from: from, until: ledger.now, start: start)
        ledger.change { $0.happened.append(happened) }
    }

    /// An order passes all processes within some milliseconds: the death comes in the midst of that. For an `api` it is
    /// while a request is under way, half of them right at its beginning; for the others soon after an answer.
    private func waitUntilBusy(jitter: Int) async throws {
        let isAPI = target.kind == .api
        let step = isAPI && jitter.isMultiple(of: 2) ? 0.000_1 : 0.000_7
        try await onOwnThread { [ledger, target] in
            if isAPI { ledger.waitUntilBusy(target.number) } else { ledger.waitForAnswer() }
            Thread.sleep(forTimeInterval: Double(jitter / 2 % 16) * step)
        }
    }

    private func kill() async throws {
        signal(SIGKILL)
        try await expectExit([.signal(SIGKILL)], within: 10)
    }

    private func terminate() async throws {
        switch process {
        case .service:
            signal(SIGTERM)
            try await expectExit([.code(0)], within: 10)
        case .broker(let broker):
            try await broker.stop()
            examine()
        }
    }

    /// The last end of the run.
    func end() async throws {
        guard isRunning else { throw SupportError("\(target) has ended by itself") }
        try await terminate()
    }

    private func expectExit(_ expected: [ChildProcess.Exit], within seconds: Double) async throws {
        switch process {
        case .service(let service):
            let exit: ChildProcess.Exit
            do { exit = try await service.waitForExit(within: seconds) } catch {
                // It hangs: only this ends it.
                try await service.kill()
                examine()
                throw error
            }
            examine()
            guard expected.contains(exit) else {
                throw SupportError("ended with \(exit), not with \(expected). Its last words:\n\(lastWords)")
            }
        case .broker(let broker):
            try? await broker.kill()
            examine()
        }
    }

    private func killDuringStart(_ milliseconds: Int) async throws {
        guard case .service(let service) = process else { return }
        let before = service.pid
        let start = Task { try? await service.startAgain(within: 30) }
        try await eventually("the new process") { service.pid != before }
        try await Task.sleep(for: .milliseconds(milliseconds))
        try await kill()
        _ = await start.value
    }

    // MARK: Life

    private var isRunning: Bool {
        switch process {
        case .service(let service): service.isRunning
        case .broker(let broker): broker.isRunning
        }
    }

    private func signal(_ number: Int32) {
        switch process {
        case .service(let service): service.signal(number)
        case .broker(let broker):
            if number == SIGSTOP { broker.freeze() }
            if number == SIGCONT { broker.thaw() }
        }
    }

    /// - Returns: milliseconds from the start to the line that says that it listens.
    @discardableResult
    private func startUntilUp() async -> Int? {
        for attempt in 1...5 {
            let begin = ledger.now
            do {
                switch process {
                case .service(let service): try await service.startAgain(within: 30)
                case .broker(let broker): try await broker.startAgain()
                }
                return ledger.now - begin
            } catch {
                ledger.violate("\(target) does not start (attempt \(attempt)): \(error)")
                examine()
            }
        }
        return nil
    }

    // MARK: Words

    private var output: String {
        switch process {
        case .service(let service): service.output
        case .broker(let broker): broker.log
        }
    }

    private var lastWords: String { output.split(separator: "\n").suffix(20).joined(separator: "\n") }

    /// Keeps what the last life has written, and looks in it for what a service should never say.
    func examine() {
        let output = self.output
        append("--- until \(seconds(ledger.now)) s\n" + output + "\n")
        guard case .service = process else { return }
        let lines = output.split(separator: "\n")
        for (number, line) in lines.enumerated() {
            guard line.contains(#""level":"warning""#) || line.contains(#""level":"error""#) || !line.hasPrefix("{")
            else { continue }
            guard let record = try? JSONValue(parsing: Array(line.utf8)), let message = record["message"].string else {
                // SIGKILL may come within the last line.
                if number == lines.count - 1, line.hasPrefix("{") { continue }
                ledger.violate("\(target) has said: \(line)")
                continue
            }
            if record["level"].string == "error" { ledger.violate("\(target) has reported: \(line)") }
            let count = record["count"].int ?? 1
            ledger.change {
                $0.warnings[message, default: 0] += 1
                if message == "orders were announced without their message" { $0.forgotten += count }
            }
        }
    }

    private func append(_ text: String) {
        guard let file = fopen(log, "a") else { return }
        fputs(text, file)
        fclose(file)
    }

    var pid: pid_t {
        if case .service(let service) = process { service.pid } else { 0 }
    }

    /// Whatever it is in, it goes on.
    func thaw() { signal(SIGCONT) }
}
