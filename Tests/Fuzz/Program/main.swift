import CFuzzer
import FuzzTargets
import Glibc

// FUZZ_TARGET=NAME fuzz [libFuzzer's options, corpus folders or files]; libFuzzer starts the program again for a merge.
// fuzz scene URI: plays against a broker what the raw mode of `client` plays, to record what it answers.

func complain(_ text: String) {
    _ = Array("\(text)\n".utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// libFuzzer's callback carries no context, so the target is not an argument of anything.
enum Chosen {
    static let target = FuzzTarget.all.first { $0.name == getenv("FUZZ_TARGET").map { String(cString: $0) } }
    /// What stays open after the first run stays open.
    private static let isWarm: Bool = {
        _ = ([0, 0, 0, 0, 0] as [UInt8]).withUnsafeBytes { target?.run($0) }
        return true
    }()

    static func finding(_ octets: UnsafeRawBufferPointer) -> String? {
        guard isWarm else { return nil }
        let before = lowestFreeDescriptor()
        return target?.run(octets) ?? (lowestFreeDescriptor() == before ? nil : "a descriptor is left open")
    }

    /// A descriptor that is not closed raises it.
    private static func lowestFreeDescriptor() -> CInt {
        let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if number >= 0 { close(number) }
        return number
    }
}

if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "scene" {
    runScene(CommandLine.arguments[2])
} else if let target = Chosen.target {
    exit(fuzz(upTo: target.maximumLength))
} else {
    complain("usage: FUZZ_TARGET=NAME fuzz [libFuzzer's options]; targets: \(FuzzTarget.all.map(\.name))")
    exit(64)
}

/// What LeakSanitizer cannot follow: an object that a weak reference was made to holds its counters by a shifted pointer.
@_cdecl("__lsan_default_suppressions")
func suppressions() -> UnsafePointer<CChar>? {
    let text: StaticString = "leak:formWeakReference\n"
    return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

func fuzz(upTo maximumLength: Int) -> CInt {
    // Without a length of ours libFuzzer would take that of the longest file.
    let options = CommandLine.arguments.dropFirst()
    let arguments = CommandLine.arguments.prefix(1) + ["-max_len=\(maximumLength)", "-len_control=0"] + options
    // libFuzzer keeps the pointers as long as the process lives.
    var pointers = arguments.map { strdup($0) } + [nil]
    return pointers.withUnsafeMutableBufferPointer { buffer in
        var count = CInt(buffer.count - 1)
        var base = buffer.baseAddress
        return LLVMFuzzerRunDriver(&count, &base) { octets, count in
            if let finding = Chosen.finding(UnsafeRawBufferPointer(start: octets, count: count)) {
                complain("finding: \(finding)")
                abort()
            }
            return 0
        }
    }
}
