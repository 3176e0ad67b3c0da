import CSystem
import EventLoop
import Glibc

/// Keeps small what the process holds of the machine's memory.
///
/// Two things would only ever grow: what malloc(3) has freed and keeps, and the pages of programs and libraries that are
/// mapped. The kernel maps sixteen pages where one was asked for, and a service uses much at its start, at a login or in a
/// flood that it then never uses again.
package enum ProcessMemory {
    /// Threads share two of malloc's arenas instead of having eight for each processor: what one thread frees, others use.
    private static let arenas: CInt = 2
    private static let seconds: UInt32 = 10
    /// Resident octets that it is content with.
    private static let own = 6 << 20
    private static let ofFiles = 8 << 20

    /// Call it before any other thread is started.
    static func begin() {
        mallopt(M_ARENA_MAX, arenas)
        #if !DEBUG
            let thread = try? spawnThread(named: "memory") {
                // It yields to all others.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
                sleep(1)
                while true {
                    giveBack()
                    sleep(seconds)
                }
            }
            if let thread { pthread_detach(thread) }
        #endif
    }

    /// Gives back what malloc keeps, and unmaps what is unchanged of files: the kernel maps again what is used.
    package static func giveBack() {
        guard let size = size else { return }
        if size.own > own { malloc_trim(0) }
        if size.ofFiles > ofFiles { unmapUnchanged() }
    }

    /// Resident octets, by /proc/self/statm.
    package static var size: (own: Int, ofFiles: Int)? {
        guard let text = read("/proc/self/statm") else { return nil }
        let pages = text.split(separator: UInt8(ascii: " ")).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
        guard pages.count > 2 else { return nil }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        return ((pages[1] - pages[2]) * page, pages[2] * page)
    }

    /// Only what cannot be written, comes from a file and has no page that differs from it: nothing is lost, not even a
    /// debugger's breakpoints.
    private static func unmapUnchanged() {
        guard let text = read("/proc/self/smaps") else { return }
        for mapping in MappedFiles.unchanged(smaps: text) {
            guard let start = UnsafeMutableRawPointer(bitPattern: mapping.lowerBound) else { continue }
            madvise(start, Int(mapping.count), MADV_DONTNEED)
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
            while count < buffer.count,
                case let length = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count),
                length > 0
            { count += length }
        }
    }
}

/// Reads /proc/PID/smaps (proc(5)).
enum MappedFiles {
    /// The addresses of mappings that are private, cannot be written, come from a file, have resident pages, and none that
    /// differs from the file.
    static func unchanged(smaps: [UInt8]) -> [Range<UInt>] {
        var found: [Range<UInt>] = []
        var mapping: Range<UInt>?
        var isResident = false
        for line in smaps.split(separator: UInt8(ascii: "\n")) {
            if let range = range(line) {
                mapping = isFile(line) ? range : nil
                isResident = false
            } else if let wanted = mapping {
                if line.starts(with: "Rss:".utf8) { isResident = number(line) != 0 }
                if line.starts(with: "Anonymous:".utf8), isResident, number(line) == 0 { found.append(wanted) }
            }
        }
        return found
    }

    /// Of `564c8b021000-564c8b2aa000 r-xp 00001000 fe:00 1234   /path`.
    private static func range(_ line: ArraySlice<UInt8>) -> Range<UInt>? {
        guard let dash = line.firstIndex(of: UInt8(ascii: "-")),
            let space = line[dash...].firstIndex(of: UInt8(ascii: " ")),
            let start = UInt(String(decoding: line[..<dash], as: UTF8.self), radix: 16),
            let end = UInt(String(decoding: line[(dash + 1)..<space], as: UTF8.self), radix: 16), start < end
        else { return nil }
        return start..<end
    }

    private static func isFile(_ line: ArraySlice<UInt8>) -> Bool {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count >= 6, fields[5].first == UInt8(ascii: "/") else { return false }
        return fields[1].elementsEqual("r-xp".utf8) || fields[1].elementsEqual("r--p".utf8)
    }

    private static func number(_ line: ArraySlice<UInt8>) -> Int? {
        let fields = line.split(separator: UInt8(ascii: " "))
        return fields.count < 2 ? nil : Int(String(decoding: fields[1], as: UTF8.self))
    }
}
