import FuzzTargets
import Glibc
import Support
import Testing

/// What libFuzzer keeps in Tests/Fuzz, without libFuzzer: see Docs/Fuzzing.md.
@Suite("Fuzzing corpus")
struct FuzzCorpusTests {
    @Test("no stored input brings a target to fall", arguments: FuzzTarget.all.map(\.name))
    func stored(_ name: String) async throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let inputs = try Self.inputs("Corpus/\(name)") + Self.inputs("Regressions/\(name)")
        try #require(!inputs.isEmpty)
        // The client's runs wait for their loop, which no thread of the tests' pool should do.
        let findings = try await onOwnThread {
            inputs.compactMap { file, octets in
                octets.withUnsafeBytes { target.run($0) }.map { "\(file): \($0)" }
            }
        }
        #expect(findings == [])
    }

    /// The files of a folder below Tests/Fuzz; none if there is no such folder.
    private static func inputs(_ folder: String) throws -> [(String, [UInt8])] {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(tests)/Fuzz/\(folder)"
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var inputs: [(String, [UInt8])] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { inputs.append((name, try octets(of: "\(path)/\(name)"))) }
        }
        return inputs.sorted { $0.0 < $1.0 }
    }

    private static func octets(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw SupportError("cannot open \(path)") }
        defer { fclose(file) }
        // libFuzzer's inputs are below 64 KiB.
        return [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
    }
}
