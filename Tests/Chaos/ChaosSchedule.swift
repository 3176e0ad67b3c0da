import Support

/// What happens to whom and when: a pure function of the settings. When a process is still busy with its last fault, the
/// next one waits for it.
package struct ChaosSchedule: Sendable, Equatable {
    package struct Step: Sendable, Equatable, CustomStringConvertible {
        /// Milliseconds since the start.
        package let at: Int
        package let target: ChaosTarget
        package let fault: ChaosFault

        package var description: String { "\(seconds(at)) s  \(target): \(fault)" }
    }

    /// How a tab loses its connection.
    package struct Cut: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            case reset
            case goodbye
            /// After so many further octets, wherever that is.
            case midway(octets: Int)
            /// Now; then the tab stays away for so many milliseconds, so that there is something to replay, and the next
            /// stream is cut after so many octets.
            case duringReplay(away: Int, octets: Int)
        }

        package let at: Int
        /// Any number; taken modulo the number of tabs.
        package let tab: Int
        package let kind: Kind
    }

    package let steps: [Step]
    package let cuts: [Cut]

    package var kills: Int { steps.reduce(0) { $0 + $1.fault.kills } }

    package init(_ settings: ChaosSettings) {
        var generator = SplitMix64(seed: settings.seed)
        let length = Int(settings.seconds * 1000)
        let all = Self.faults(settings, &generator).shuffled(using: &generator)
        let (faults, ofBroker) = (all.filter { $0.0.kind != .broker }, all.filter { $0.0.kind == .broker })
        let gap = Double(length) / Double(max(1, faults.count))
        var steps: [Step] = []
        for (number, (target, fault)) in faults.enumerated() {
            var at = Int((Double(number) + Double.random(in: 0..<1, using: &generator)) * gap)
            // Now and then two at once.
            let joins = Int.random(in: 0..<5, using: &generator) == 0
            if joins, let last = steps.last, last.target != target { at = last.at }
            steps.append(Step(at: at, target: target, fault: fault))
        }
        // The broker needs seconds to return, and everything needs it: between two of its faults is time to go on.
        let pause = Double(length) / Double(max(1, ofBroker.count))
        for (number, (target, fault)) in ofBroker.enumerated() {
            let at = Int((Double(number) + Double.random(in: 0.3..<0.7, using: &generator)) * pause)
            steps.append(Step(at: at, target: target, fault: fault))
        }
        self.steps = steps.sorted { $0.at < $1.at }
        let count = settings.cuts
        cuts = (0..<count).map { number in
            let kind: Cut.Kind =
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: .reset
                case 1: .goodbye
                case 2: .midway(octets: Int.random(in: 1...8000, using: &generator))
                default:
                    .duringReplay(
                        away: Int.random(in: 0...2000, using: &generator),
                        octets: Int.random(in: 1...5000, using: &generator))
                }
            let at = (Double(number) + Double.random(in: 0..<1, using: &generator)) * Double(length) / Double(count)
            return Cut(at: Int(at), tab: Int.random(in: 0..<1_000_000, using: &generator), kind: kind)
        }
    }

    /// A tenth of the kills is the broker's, which takes seconds to return; of the rest some come twice.
    private static func faults(
        _ settings: ChaosSettings, _ generator: inout SplitMix64
    ) -> [(ChaosTarget, ChaosFault)] {
        let kills = settings.kills
        let ofBroker = min(kills, max(1, kills / 10))
        var faults: [(ChaosTarget, ChaosFault)] = []
        func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        for _ in 0..<ofBroker { faults.append((ChaosTarget(.broker), .kill(down: random(0...2000)))) }
        var left = kills - ofBroker
        var turn = 0
        /// The services take turns, so that a short run kills each of them; which instance is chance.
        func service() -> ChaosTarget {
            turn += 1
            return ChaosTarget(turn.isMultiple(of: 2) ? .api : .storeAdmin, random(0...(settings.instances - 1)))
        }
        for _ in 0..<(kills / 12) {
            faults.append((service(), .killTwice(after: random(0...300), down: random(0...1000))))
            left -= 2
        }
        while left > 0 {
            faults.append((service(), .kill(down: random(0...1500))))
            left -= 1
        }
        for _ in 0..<max(2, kills / 8) { faults.append((service(), .terminate(down: random(0...1000)))) }
        for _ in 0..<max(2, kills / 8) { faults.append((service(), .freeze(time: random(100...3000)))) }
        for _ in 0..<max(1, kills / 60) { faults.append((ChaosTarget(.broker), .terminate(down: random(0...1000)))) }
        for _ in 0..<(kills / 30) { faults.append((ChaosTarget(.broker), .freeze(time: random(500...5000)))) }
        return faults
    }
}

/// Milliseconds as seconds with one digit.
func seconds(_ milliseconds: Int) -> String { "\(milliseconds / 1000).\(milliseconds % 1000 / 100)" }
