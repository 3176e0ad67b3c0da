import Glibc
import Testing

@testable import Service

@Suite("Memory of the process")
struct ProcessMemoryTests {
    private func found(_ mappings: String...) -> [Range<UInt>] {
        MappedFiles.unchanged(smaps: Array(mappings.joined(separator: "\n").utf8))
    }

    private func mapping(
        _ rights: String, _ name: String, resident: Int = 4, own: Int = 0, at address: String = "1000-3000"
    ) -> String {
        """
        \(address) \(rights) 00000000 fe:00 42    \(name)
        Size:                  8 kB
        Rss:                   \(resident) kB
        Pss:                   1 kB
        Anonymous:             \(own) kB
        VmFlags: rd ex mr mw me sd
        """
    }

    @Test("what cannot be written and is as in its file is found")
    func unchanged() {
        #expect(found(mapping("r-xp", "/bin/a")) == [0x1000..<0x3000])
        #expect(
            found(mapping("r--p", "/bin/a b"), mapping("r-xp", "/lib/c", at: "7f00deadb000-7f00deadf000"))
                == [0x1000..<0x3000, 0x7F00_DEAD_B000..<0x7F00_DEAD_F000])
    }

    @Test(
        "what could be lost is not found",
        arguments: [
            ("rw-p", "/bin/a", 4, 0), ("r--s", "/db-shm", 4, 0), ("r-xp", "", 4, 0), ("r-xp", "[vdso]", 4, 0),
            ("r--p", "/bin/a", 8, 4), ("r-xp", "/bin/a", 0, 0), ("---p", "/bin/a", 4, 0), ("rwxp", "/bin/a", 4, 0),
        ])
    func changed(rights: String, name: String, resident: Int, own: Int) {
        #expect(found(mapping(rights, name, resident: resident, own: own)).isEmpty)
    }

    @Test(
        "text of another kind is nothing", arguments: ["", "\n\n", "x", "3000-1000 r-xp 0 0 0 /a", "-", "zz-yy r-xp"])
    func garbage(text: String) {
        #expect(found(text, "Rss: 4 kB", "Anonymous: 0 kB").isEmpty)
    }

    @Test("giving back leaves the program as it was, with less of it resident")
    func givesBack() throws {
        let before = try #require(ProcessMemory.size)
        let freed = (0..<2000).map { [UInt8](repeating: UInt8($0 & 255), count: 10_000) }
        #expect(freed.allSatisfy { $0.count == 10_000 })
        ProcessMemory.giveBack()
        let after = try #require(ProcessMemory.size)
        #expect(after.ofFiles < before.ofFiles)
        #expect(freed.enumerated().allSatisfy { $0.element.last == UInt8($0.offset & 255) })
    }
}
