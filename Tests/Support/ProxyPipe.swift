/// Octets of one direction on their way through the proxy.
struct ProxyPipe {
    private struct Chunk {
        var octets: ArraySlice<UInt8>
        var due: ContinuousClock.Instant
    }

    private var chunks: [Chunk] = []
    private var waiting = 0
    /// Octets that the throttle allows now.
    private var credit = 0.0
    private var creditTime = ContinuousClock.now
    /// The source has sent its end.
    var hasEnded = false
    /// The end was passed on.
    var isShut = false
    /// The sink takes nothing at the moment.
    var isBlocked = false

    /// Whether the source is to be read. What is on its way is bounded, so that a slow sink stops the source.
    func wantsMore(_ rules: Proxy.Rules) -> Bool {
        guard !hasEnded else { return false }
        return switch rules.flow {
        case .stop: false
        case .swallow: true
        case .pass: waiting < (rules.delay > .zero ? 1 << 20 : 1 << 16)
        }
    }

    var passesEnd: Bool { hasEnded && !isShut && chunks.isEmpty }

    mutating func append(_ octets: ArraySlice<UInt8>, due: ContinuousClock.Instant) {
        chunks.append(Chunk(octets: ArraySlice(Array(octets)), due: due))
        waiting += octets.count
    }

    /// Octets of the first chunk that may be sent now.
    mutating func ready(_ rules: Proxy.Rules, _ now: ContinuousClock.Instant) -> Int {
        guard let first = chunks.first, first.due <= now else { return 0 }
        let most = min(first.octets.count, rules.pieceMax ?? .max)
        guard let rate = rules.octetsPerSecond else { return most }
        let time = now - creditTime
        creditTime = now
        credit = min(credit + Double(rate) * (time / .seconds(1)), Self.burst(rules))
        let allowed = min(most, Int(credit))
        // Not in crumbs smaller than what was asked for.
        return allowed < Self.grain(rules, most) ? 0 : allowed
    }

    /// When to look again, nil if something else decides.
    func nextDue(_ rules: Proxy.Rules, _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard rules.flow == .pass, !isBlocked, let first = chunks.first else { return nil }
        guard first.due <= now, let rate = rules.octetsPerSecond else { return first.due }
        let most = min(first.octets.count, rules.pieceMax ?? .max)
        let missing = Double(Self.grain(rules, most)) - credit
        return missing <= 0 ? now : creditTime + .seconds(missing / Double(max(1, rate))) + .microseconds(1)
    }

    /// What a pause may save up: a piece, or a fiftieth of a second.
    private static func burst(_ rules: Proxy.Rules) -> Double {
        Double(max(1, rules.pieceMax ?? (rules.octetsPerSecond ?? 0) / 50))
    }

    private static func grain(_ rules: Proxy.Rules, _ most: Int) -> Int { min(most, max(1, Int(burst(rules) / 2))) }

    func withFirst<Result>(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        chunks[0].octets.prefix(count).withUnsafeBytes(body)
    }

    mutating func remove(_ count: Int) {
        waiting -= count
        credit = max(0, credit - Double(count))
        chunks[0].octets.removeFirst(count)
        if chunks[0].octets.isEmpty { chunks.removeFirst() }
    }
}
