import AllocationCounter
import Glibc

/// What the process holds at one moment.
struct SoakSample: Codable, Sendable {
    /// Minutes since the start.
    let minute: Double
    let descriptors: Int
    let threads: Int
    /// KiB.
    let resident: Int
    /// KiB that are allocated and not freed.
    let heap: Int

    static func now(_ minute: Double) throws -> SoakSample {
        SoakSample(
            minute: minute, descriptors: count("/proc/self/fd") - 1, threads: count("/proc/self/task"),
            resident: try ProcessCounters.memory(getpid()), heap: Int(delivery_heap_in_use()) / 1024)
    }

    private static func count(_ folder: String) -> Int { names(folder).count }

    private static func names(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// What the open descriptors are, by number, in the kernel's words.
    static var openDescriptors: [String: String] {
        let folder = "/proc/self/fd"
        return Dictionary(
            uniqueKeysWithValues: names(folder).compactMap { name in
                var target = [CChar](repeating: 0, count: 256)
                let count = readlink("\(folder)/\(name)", &target, target.count)
                return count < 0
                    ? nil : (name, String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
            })
    }
}

extension [SoakSample] {
    /// KiB a minute by which a quantity grows: the slope of the line through the samples (least squares).
    func slope(_ quantity: (SoakSample) -> Int) -> Double {
        guard count > 2 else { return 0 }
        let (times, values) = (map(\.minute), map { Double(quantity($0)) })
        let middle = times.reduce(0, +) / Double(count)
        let mean = values.reduce(0, +) / Double(count)
        let above = zip(times, values).reduce(0) { $0 + ($1.0 - middle) * ($1.1 - mean) }
        let below = times.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
        return below > 0 ? above / below : 0
    }
}
