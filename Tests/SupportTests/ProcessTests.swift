import Foundation
import Glibc
import Support
import Testing

@Suite("Processes and folders of the tests")
struct ProcessTests {
    @Test("output and exit code are kept, input is handed over")
    func output() throws {
        #expect(try ChildProcess.run("cat", environment: path, input: "one\ntwo\n") == "one\ntwo")
        let process = try ChildProcess("sh", ["-c", "echo said; echo wrong >&2; exit 3"], environment: path)
        #expect(try process.waitForExit(within: 10) == .code(3))
        #expect(process.outputLines.sorted() == ["said", "wrong"])
    }

    @Test("a line is awaited, and its absence is an error with the output")
    func lines() throws {
        let process = try ChildProcess("sh", ["-c", "echo port=17; read x"], environment: path)
        let port = try process.waitForLine(within: 10) { $0.hasPrefix("port=") ? Int($0.dropFirst(5)) : nil }
        #expect(port == 17)
        let error = #expect(throws: SupportError.self) {
            try process.waitForLine(within: 10) { $0.contains("never") ? () : nil }
        }
        #expect(error?.description.contains("port=17") == true)
    }

    @Test("a process is terminated and killed")
    func ends() throws {
        let polite = try ChildProcess(
            "sh", ["-c", "trap 'exit 4' TERM; echo up; while :; do sleep 0.01; done"], environment: path)
        try polite.waitForLine(within: 10) { $0 == "up" ? () : nil }
        #expect(try polite.terminate() == .code(4))
        let deaf = try ChildProcess("sleep", ["1000"], environment: path)
        try deaf.kill()
        #expect(deaf.exit == .signal(SIGKILL))
    }

    @Test("a program that does not exist is an error")
    func missing() {
        #expect(throws: SupportError.self) { try ChildProcess("no-such-program", environment: path) }
        #expect(throws: SupportError.self) { try ServiceProcess.executable("no-such-service") }
    }

    @Test("a folder is private, and gone once removed")
    func folder() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "a")
        #expect(try folder.read("a") == "x")
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        folder.remove()
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test("what never comes true is an error after the time")
    func never() async {
        await #expect(throws: SupportError.self) { try await eventually(within: 0.02) { false } }
    }

    private var path: [String: String] { ["PATH": "/usr/bin:/bin"] }
}
