import Foundation
import Glibc

/// A running program whose output is kept (the last 4 MB of it) and whose end can be awaited.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum Exit: Equatable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    private struct State {
        var lines: [String] = []
        var partial: [UInt8] = []
        var size = 0
        var outputEnded = false
        var exit: Exit?
    }

    package let name: String
    package let pid: pid_t
    private let state: Guarded<State>

    private static let kept = 4 << 20

    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], input: String? = nil
    ) throws {
        let ends = try Spawn.pipe()
        let inputEnds = try input.map { _ in try Spawn.pipe() }
        defer {
            close(ends.writing)
            if let inputEnds { close(inputEnds.reading) }
        }
        do {
            pid = try Spawn.process(
                executable, arguments, environment: environment, input: inputEnds?.reading ?? -1, output: ends.writing)
        } catch {
            close(ends.reading)
            if let inputEnds { close(inputEnds.writing) }
            throw error
        }
        name = executable.split(separator: "/").last.map(String.init) ?? executable
        state = Guarded(State())
        ProcessReaper.shared.watch(session: pid)
        if let input, let inputEnds {
            let bytes = Array(input.utf8)
            _ = send(inputEnds.writing, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            close(inputEnds.writing)
        }
        follow(ends.reading)
    }

    private func follow(_ output: Int32) {
        let (state, pid) = (self.state, self.pid)
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = Glibc.read(output, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                state.update { Self.append(buffer[..<count], to: &$0) }
            }
            close(output)
            state.update {
                if !$0.partial.isEmpty { Self.append([10], to: &$0) }
                $0.outputEnded = true
            }
        }
        Thread.detachNewThread {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            ProcessReaper.shared.forget(session: pid)
            let signal = status & 0x7f
            state.update { $0.exit = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal) }
        }
    }

    private static func append(_ bytes: ArraySlice<UInt8>, to state: inout State) {
        for byte in bytes {
            if byte != 10 {
                if state.partial.count < 65_536 { state.partial.append(byte) }
                continue
            }
            state.lines.append(String(decoding: state.partial, as: UTF8.self))
            state.size += state.partial.count + 1
            state.partial.removeAll(keepingCapacity: true)
        }
        var dropped = 0
        while state.size > kept, dropped < state.lines.count {
            state.size -= state.lines[dropped].utf8.count + 1
            dropped += 1
        }
        state.lines.removeFirst(dropped)
    }

    /// What the process has written to standard output and error so far, in whole lines.
    package var output: String { state.read { $0.lines.joined(separator: "\n") } }
    package var outputLines: [String] { state.read { $0.lines } }
    /// How the process ended, or nil while it runs.
    package var exit: Exit? { state.read { $0.exit } }
    package var isRunning: Bool { exit == nil }

    /// Sends a signal unless the process has ended.
    package func signal(_ number: Int32) {
        state.read { if $0.exit == nil { _ = Glibc.kill(pid, number) } }
    }

    /// Blocks until a line of the output gives a result.
    ///
    /// - Throws: ``SupportError`` with the output, when the process ends first or the deadline passes.
    package func waitForLine<Result>(within seconds: Double, _ match: (String) -> Result?) throws -> Result {
        var next = 0
        let found: Result?? = state.wait(until: Date(timeIntervalSinceNow: seconds)) { state in
            if next > state.lines.count { next = 0 }
            while next < state.lines.count {
                defer { next += 1 }
                if let result = match(state.lines[next]) { return .some(result) }
            }
            return state.exit != nil && state.outputEnded ? .some(nil) : nil
        }
        if let found, let result = found { return result }
        let why = exit.map { "ended with \($0)" } ?? "did not say so within \(seconds) s"
        throw SupportError("waiting for a line of \(name), which \(why). Its output:\n\(output)")
    }

    /// Blocks until the process has ended and its output is complete.
    package func waitForExit(within seconds: Double) throws -> Exit {
        let deadline = Date(timeIntervalSinceNow: seconds)
        guard let exit = state.wait(until: deadline, { $0.exit }) else {
            throw SupportError("\(name) still runs after \(seconds) s. Its output:\n\(output)")
        }
        // Not for ever: a grandchild may hold the pipe open.
        _ = state.wait(until: Date(timeIntervalSinceNow: 5)) { $0.outputEnded ? true : nil }
        return exit
    }

    /// Sends SIGTERM and awaits the end; sends SIGKILL and throws when it does not come.
    @discardableResult
    package func terminate(within seconds: Double = 10) throws -> Exit {
        signal(SIGTERM)
        do { return try waitForExit(within: seconds) } catch {
            try kill()
            throw error
        }
    }

    /// Sends SIGKILL and awaits the end.
    package func kill() throws {
        signal(SIGKILL)
        _ = try waitForExit(within: 10)
    }

    /// Runs a program to its end and hands back what it wrote.
    ///
    /// - Throws: ``SupportError`` with the output when it exits with anything but 0.
    package static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], input: String? = nil,
        within seconds: Double = 30
    ) throws -> String {
        let process = try ChildProcess(executable, arguments, environment: environment, input: input)
        do {
            let exit = try process.waitForExit(within: seconds)
            guard exit == .code(0) else {
                throw SupportError("\(executable) \(arguments) ended with \(exit): \(process.output)")
            }
        } catch {
            try process.kill()
            throw error
        }
        return process.output
    }
}
