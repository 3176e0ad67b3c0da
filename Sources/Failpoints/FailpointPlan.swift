#if FAILPOINTS
    import Glibc
    import Synchronized

    /// What a point that is switched on to fail throws.
    package struct FailpointError: Error, Equatable, CustomStringConvertible {
        package let point: String
        package var description: String { "failpoint \(point)" }
    }

    /// Which points are switched on, and what they do.
    ///
    ///     FAILPOINTS="consumer.before-commit:crash:order=7; outbox.before-publish:error:times=2"
    ///
    /// Entries are separated by semicolons. An entry is a name, what happens there (`crash`: the process ends with SIGKILL;
    /// `error`: `FailpointError` is thrown), and conditions: `skip=N` lets the first N visits pass, `times=N` acts at the
    /// next N of them only, and any other one asks for a tag of the visit. Only visits with these tags count.
    package final class FailpointPlan: Sendable {
        package enum Effect: String, CaseIterable, Sendable {
            case crash, error
        }

        package struct Malformed: Error, CustomStringConvertible {
            package let description: String
        }

        private struct Entry {
            let name: String
            let effect: Effect
            var tags: [(key: String, value: String)] = []
            var skip = 0
            var times = Int.max

            func isFor(_ name: String, _ visit: KeyValuePairs<String, String>) -> Bool {
                name == self.name && tags.allSatisfy { tag in visit.contains { $0 == tag } }
            }
        }

        @usableFromInline static let ofProcess = FailpointPlan()

        private let entries: Lock<[Entry]>
        @usableFromInline let isEmpty: Bool

        /// What the environment says. `Failpoint.objection` has refused a malformed value at the start.
        private convenience init() {
            let text = getenv("FAILPOINTS").map { String(cString: $0) } ?? ""
            self.init((try? Self.parse(text)) ?? [])
        }

        package convenience init(_ text: String) throws(Malformed) { self.init(try Self.parse(text)) }

        private init(_ entries: [Entry]) {
            isEmpty = entries.isEmpty
            self.entries = Lock(entries)
        }

        private static func parse(_ text: String) throws(Malformed) -> [Entry] {
            var entries: [Entry] = []
            for part in text.split(separator: ";") {
                let fields = part.split(separator: ":", omittingEmptySubsequences: false).map(trim)
                guard fields.count >= 2, !fields[0].isEmpty, let effect = Effect(rawValue: fields[1]) else {
                    throw Malformed(description: "entries such as NAME:crash or NAME:error:times=2, separated by ;")
                }
                var entry = Entry(name: fields[0], effect: effect)
                for field in fields[2...] {
                    guard let equals = field.firstIndex(of: "=") else {
                        throw Malformed(description: "conditions such as order=7")
                    }
                    let (key, value) = (String(field[..<equals]), String(field[field.index(after: equals)...]))
                    switch key {
                    case "skip": entry.skip = try number(value)
                    case "times": entry.times = try number(value)
                    default: entry.tags.append((key, value))
                    }
                }
                entries.append(entry)
            }
            return entries
        }

        private static func trim(_ text: Substring) -> String {
            String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }

        private static func number(_ text: String) throws(Malformed) -> Int {
            guard let number = Int(text), number >= 0 else {
                throw Malformed(description: "whole numbers in skip=N and times=N")
            }
            return number
        }

        /// What to do at a visit of a point; counts it.
        package func effect(_ name: String, _ tags: KeyValuePairs<String, String> = [:]) -> Effect? {
            entries.withLock { entries in
                for index in entries.indices where entries[index].isFor(name, tags) {
                    guard entries[index].skip == 0 else {
                        entries[index].skip -= 1
                        continue
                    }
                    guard entries[index].times > 0 else { continue }
                    if entries[index].times < .max { entries[index].times -= 1 }
                    return entries[index].effect
                }
                return nil
            }
        }

        @usableFromInline
        func reach(_ name: String, _ tags: KeyValuePairs<String, String>) throws {
            switch effect(name, tags) {
            case nil: return
            case .error: throw FailpointError(point: name)
            case .crash:
                let line = "failpoint \(name): SIGKILL\n"
                _ = write(STDERR_FILENO, line, line.utf8.count)
                kill(getpid(), SIGKILL)
                // The signal is delivered before kill returns to this thread, or another thread took it.
                while true { pause() }
            }
        }
    }
#endif
