import AMQPWire
import Testing

@Suite("Confirms, unsettled deliveries, channel numbers")
struct TrackingTests {
    struct Answer: Equatable {
        var publish: Int
        var outcome: ConfirmOutcome
    }

    func fingerprint(_ body: String, _ properties: [UInt8] = [], key: String = "k") -> MessageFingerprint {
        Array(body.utf8).withUnsafeBytes { body in
            properties.withUnsafeBytes { properties in
                MessageFingerprint(exchange: "e", routingKey: key, properties: properties, body: body)
            }
        }
    }

    @Test("behaviour 17: confirms out of order and multiple: each publish exactly once")
    func confirms() throws {
        var ring = ConfirmRing<Int>()
        for publish in 1...10 { ring.published(publish, octets: 100) }
        var answers: [Answer] = []
        func settle(_ tag: UInt64, multiple: Bool, confirmed: Bool = true) throws {
            try ring.settle(tag, multiple: multiple, confirmed: confirmed) {
                answers.append(Answer(publish: $0, outcome: $1))
            }
        }
        try settle(3, multiple: false)
        try settle(5, multiple: false, confirmed: false)
        #expect(ring.count == 8)
        #expect(ring.octets == 800)
        try settle(6, multiple: true)
        try settle(7, multiple: true, confirmed: false)
        try settle(0, multiple: true)
        #expect(
            answers == [
                Answer(publish: 3, outcome: .confirmed), Answer(publish: 5, outcome: .refused),
                Answer(publish: 1, outcome: .confirmed), Answer(publish: 2, outcome: .confirmed),
                Answer(publish: 4, outcome: .confirmed), Answer(publish: 6, outcome: .confirmed),
                Answer(publish: 7, outcome: .refused), Answer(publish: 8, outcome: .confirmed),
                Answer(publish: 9, outcome: .confirmed), Answer(publish: 10, outcome: .confirmed),
            ])
        #expect(ring.count == 0)
        #expect(ring.octets == 0)
    }

    @Test("a confirm for what was not published, or twice, is an error")
    func badConfirms() throws {
        var ring = ConfirmRing<Int>()
        ring.published(1, octets: 0)
        ring.published(2, octets: 0)
        for (tag, multiple) in [(3, false), (3, true), (0, false), (.max, true), (.max, false)] as [(UInt64, Bool)] {
            #expect(throws: AMQPError.self) { try ring.settle(tag, multiple: multiple, confirmed: true) { _, _ in } }
        }
        try ring.settle(2, multiple: false, confirmed: true) { _, _ in }
        #expect(throws: AMQPError.self) { try ring.settle(2, multiple: false, confirmed: true) { _, _ in } }
    }

    @Test("the ring keeps its places over many turns")
    func wrapping() throws {
        var ring = ConfirmRing<Int>()
        var answered: [Int] = []
        var published = 0
        for round in 1...200 {
            for _ in 0..<(round % 7 + 1) {
                published += 1
                ring.published(published, octets: 1)
            }
            if round % 3 == 0 {
                try ring.settle(UInt64(published), multiple: true, confirmed: true) { publish, _ in
                    answered.append(publish)
                }
            }
        }
        try ring.settle(0, multiple: true, confirmed: true) { publish, _ in answered.append(publish) }
        #expect(answered == Array(1...published))
    }

    @Test("seven 2: a returned message is paired with its own publish, also when confirms are coalesced")
    func returns() throws {
        var ring = ConfirmRing<Int>()
        ring.published(1, octets: 0, fingerprint: fingerprint("a"))
        ring.published(2, octets: 0, fingerprint: fingerprint("b"))
        ring.published(3, octets: 0)
        ring.published(4, octets: 0, fingerprint: fingerprint("b", key: "other"))
        ring.published(5, octets: 0, fingerprint: fingerprint("b"))
        let noRoute = PeerReply(code: .noRoute, text: "NO_ROUTE")
        let found1 = ring.returned(fingerprint("b"), noRoute)
        #expect(found1)
        let found2 = ring.returned(fingerprint("b", key: "other"), noRoute)
        #expect(found2)
        let found3 = ring.returned(fingerprint("a"), noRoute)
        #expect(!found3)
        var answers: [Answer] = []
        try ring.settle(5, multiple: true, confirmed: true) { answers.append(Answer(publish: $0, outcome: $1)) }
        #expect(
            answers == [
                Answer(publish: 1, outcome: .confirmed), Answer(publish: 2, outcome: .returned(noRoute)),
                Answer(publish: 3, outcome: .confirmed), Answer(publish: 4, outcome: .returned(noRoute)),
                Answer(publish: 5, outcome: .confirmed),
            ])
    }

    @Test("property octets tell messages apart; where the broker wrote them anew the rest does")
    func looseReturns() throws {
        var ring = ConfirmRing<Int>()
        ring.published(1, octets: 0, fingerprint: fingerprint("b", [1]))
        ring.published(2, octets: 0, fingerprint: fingerprint("b", [2]))
        ring.published(3, octets: 0, fingerprint: fingerprint("b", [3]))
        let noRoute = PeerReply(code: .noRoute, text: "NO_ROUTE")
        let found4 = ring.returned(fingerprint("b", [2]), noRoute)
        #expect(found4)
        let found5 = ring.returned(fingerprint("b", [9]), noRoute)
        #expect(found5)
        var returned: [Int] = []
        try ring.settle(0, multiple: true, confirmed: true) { if $1 != .confirmed { returned.append($0) } }
        #expect(returned == [2, 3])
    }

    @Test("what waits when the channel ends comes back once")
    func abandon() throws {
        var ring = ConfirmRing<Int>()
        for publish in 1...5 { ring.published(publish, octets: 10) }
        try ring.settle(2, multiple: false, confirmed: true) { _, _ in }
        var left: [Int] = []
        ring.abandon { left.append($0) }
        #expect(left == [1, 3, 4, 5])
        #expect(ring.count == 0)
        ring.published(9, octets: 1)
        try ring.settle(1, multiple: false, confirmed: true) { publish, _ in left.append(publish) }
        #expect(left == [1, 3, 4, 5, 9])
    }

    @Test("behaviour 21: a delivery is settled once; multiple takes all before it")
    func unsettled() throws {
        var deliveries = UnsettledDeliveries()
        for tag in 1...6 { try deliveries.delivered(UInt64(tag), settled: tag == 4) }
        #expect(deliveries.count == 5)
        func settle(_ tag: UInt64, _ multiple: Bool) -> UnsettledDeliveries.Settling {
            deliveries.settle(tag, multiple: multiple)
        }
        #expect(settle(2, false) == .settled(tag: 2, count: 1))
        #expect(settle(2, false) == .already)
        // 4 needs no settling, so the peer holds 3 as the highest.
        #expect(settle(4, true) == .settled(tag: 3, count: 2))
        #expect(settle(3, true) == .already)
        #expect(settle(7, false) == .unknown)
        #expect(settle(0, false) == .unknown)
        #expect(settle(.max, true) == .unknown)
        #expect(deliveries.isUnsettled(5))
        #expect(settle(6, true) == .settled(tag: 6, count: 2))
        #expect(deliveries.count == 0)
    }

    @Test("one acknowledgement stands for all that no unsettled delivery comes before")
    func coalescing() throws {
        struct Written: Equatable {
            var tag: UInt64
            var multiple = false
        }
        func drain(_ acks: inout PendingAcks, before first: UInt64) -> [Written] {
            var written: [Written] = []
            acks.drain(before: first) { written.append(Written(tag: $0, multiple: $1)) }
            return written
        }
        var acks = PendingAcks()
        for tag in [1, 3, 2] as [UInt64] { acks.add(tag, multiple: false) }
        #expect(drain(&acks, before: 4) == [Written(tag: 3, multiple: true)])
        #expect(acks.isEmpty)
        #expect(drain(&acks, before: 4) == [])
        acks.add(4, multiple: false)
        #expect(drain(&acks, before: 5) == [Written(tag: 4)])
        acks.add(9, multiple: true)
        #expect(drain(&acks, before: 10) == [Written(tag: 9, multiple: true)])
        // 11 is not settled.
        for tag in [13, 10, 12] as [UInt64] { acks.add(tag, multiple: false) }
        #expect(drain(&acks, before: 11) == [Written(tag: 13), Written(tag: 12), Written(tag: 10)])
    }

    @Test("delivery tags that do not rise, or jump, are errors", arguments: [0, 3, 1 << 40, UInt64.max])
    func badTags(_ tag: UInt64) throws {
        var deliveries = UnsettledDeliveries()
        for tag in 1...3 { try deliveries.delivered(UInt64(tag), settled: false) }
        #expect(throws: AMQPError.self) { try deliveries.delivered(tag, settled: false) }
    }

    @Test("behaviour 14: numbers are used again only after they came back, and exhaustion is an error")
    func numbers() throws {
        var numbers = ChannelNumbers(maximum: 3)
        let first = [try numbers.take(), try numbers.take(), try numbers.take()]
        #expect(first == [1, 2, 3])
        let error = #expect(throws: AMQPError.self) { try numbers.take() }
        #expect(error?.code == .channelsExhausted)
        numbers.release(2)
        numbers.release(2)
        let again = try numbers.take()
        #expect(again == 2)
        #expect(throws: AMQPError.self) { try numbers.take() }
        var all = ChannelNumbers(maximum: .max)
        for _ in 0..<65535 { _ = try all.take() }
        #expect(throws: AMQPError.self) { try all.take() }
    }
}
