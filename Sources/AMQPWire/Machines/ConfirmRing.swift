/// How a publish ended.
@usableFromInline
package enum ConfirmOutcome: Equatable, Sendable {
    case confirmed
    /// The broker sent a nack.
    case refused
    /// The message was mandatory and came back.
    case returned(PeerReply)
}

/// What tells a message apart when it comes back without its publish's number.
@usableFromInline
package struct MessageFingerprint: Hashable, Sendable {
    /// Over exchange, routing key, body and all property octets.
    @usableFromInline package var exact: UInt64
    /// Without the property octets: a broker may write them anew.
    @usableFromInline package var loose: UInt64

    package init(
        exchange: String, routingKey: String, properties: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) {
        var hash = Mixer()
        hash.combine(exchange)
        hash.combine(routingKey)
        hash.combine(body)
        loose = hash.value
        hash.combine(properties)
        exact = hash.value
    }
}

/// Publishes that wait for their confirm: a ring indexed by `delivery tag - base`.
///
/// Tags rise by one from 1 (the first publish after confirm.select), so an answer finds its publish in O(1), and
/// `multiple` costs O(number settled). `Waiter` is what the owner keeps with each publish; it comes back exactly once.
@usableFromInline
package struct ConfirmRing<Waiter> {
    @usableFromInline
    struct Slot {
        @usableFromInline var waiter: Waiter?
        @usableFromInline var octets: Int

        @inlinable
        init(waiter: Waiter, octets: Int) {
            self.waiter = waiter
            self.octets = octets
        }
    }

    @usableFromInline
    struct Mandatory {
        @usableFromInline var tag: UInt64
        @usableFromInline var fingerprint: MessageFingerprint

        @inlinable
        init(tag: UInt64, fingerprint: MessageFingerprint) {
            self.tag = tag
            self.fingerprint = fingerprint
        }
    }

    @usableFromInline var slots = Ring<Slot>()
    @usableFromInline var base: UInt64 = 1
    /// Mandatory publishes that may come back. Returns come in the order of the publishes: those before one that came
    /// back are not in here any more.
    @usableFromInline var mandatory = Ring<Mandatory>()
    @usableFromInline var returns: [UInt64: PeerReply] = [:]
    /// Publishes that wait, and the octets of their messages.
    @usableFromInline package var count = 0
    @usableFromInline package var octets = 0

    @inlinable
    package init() {}

    /// Records the next publish; `fingerprint` is needed for mandatory ones only.
    @inlinable
    package mutating func published(_ waiter: Waiter, octets: Int, fingerprint: MessageFingerprint? = nil) {
        if let fingerprint {
            mandatory.append(Mandatory(tag: base + UInt64(slots.count), fingerprint: fingerprint))
        }
        slots.append(Slot(waiter: waiter, octets: octets))
        count += 1
        self.octets += octets
    }

    /// Answers one publish, or with `multiple` it and all before it; tag 0 with `multiple` means all.
    /// Throws if the broker answers what was not published or was answered before.
    @inlinable
    package mutating func settle(
        _ tag: UInt64, multiple: Bool, confirmed: Bool, _ body: (consuming Waiter, ConfirmOutcome) -> Void
    ) throws(AMQPError) {
        let next = base + UInt64(slots.count)
        if multiple {
            let last = tag == 0 ? next - 1 : tag
            guard last < next else { throw unknownConfirm(tag) }
            while base <= last, let slot = slots.removeFirst() {
                base += 1
                if let waiter = slot.waiter { finish(waiter, base - 1, slot.octets, confirmed, body) }
            }
            return forgetMandatory()
        }
        guard tag >= base, tag < next else { throw unknownConfirm(tag) }
        let index = Int(tag - base)
        guard let waiter = slots[index].waiter else { throw unknownConfirm(tag) }
        let octets = slots[index].octets
        slots[index].waiter = nil
        finish(waiter, tag, octets, confirmed, body)
        while let first = slots.first, first.waiter == nil {
            slots.removeFirst()
            base += 1
        }
        forgetMandatory()
    }

    /// What is settled does not come back.
    @inlinable
    mutating func forgetMandatory() {
        while let first = mandatory.first, first.tag < base { mandatory.removeFirst() }
    }

    @inlinable
    mutating func finish(
        _ waiter: Waiter, _ tag: UInt64, _ octets: Int, _ confirmed: Bool,
        _ body: (consuming Waiter, ConfirmOutcome) -> Void
    ) {
        count -= 1
        self.octets -= octets
        if !returns.isEmpty, let reply = returns.removeValue(forKey: tag) {
            body(waiter, .returned(reply))
        } else {
            body(waiter, confirmed ? .confirmed : .refused)
        }
    }

    /// Notes that a message came back; its own publish learns of it when the broker answers it. False if there is no
    /// such publish.
    ///
    /// A return carries no tag. It comes before its confirm and in the order of the publishes, so the first waiting
    /// mandatory publish of the same message after the last one that came back is meant; messages that are alike in
    /// every octet are alike for their publishers too.
    @inlinable
    package mutating func returned(_ fingerprint: MessageFingerprint, _ reply: PeerReply) -> Bool {
        guard
            let index = match(where: { $0.exact == fingerprint.exact })
                ?? match(where: { $0.loose == fingerprint.loose })
        else { return false }
        returns[mandatory[index].tag] = reply
        for _ in 0...index { mandatory.removeFirst() }
        return true
    }

    @inlinable
    func match(where isMeant: (MessageFingerprint) -> Bool) -> Int? {
        for index in 0..<mandatory.count {
            let publish = mandatory[index]
            guard publish.tag >= base, slots[Int(publish.tag - base)].waiter != nil else { continue }
            if isMeant(publish.fingerprint) { return index }
        }
        return nil
    }

    /// Hands back everyone who still waits: nobody will answer them. The ring is as new then.
    @inlinable
    package mutating func abandon(_ body: (Waiter) -> Void) {
        while let slot = slots.removeFirst() {
            if let waiter = slot.waiter { body(waiter) }
        }
        self = ConfirmRing()
    }
}

extension ConfirmRing: Sendable where Waiter: Sendable {}
extension ConfirmRing.Slot: Sendable where Waiter: Sendable {}
extension ConfirmRing.Mandatory: Sendable {}

@usableFromInline
package func unknownConfirm(_ tag: UInt64) -> AMQPError {
    .syntax("a confirm for publish \(tag), which waits for none", .syntaxError, BasicAck.id)
}

/// A fast hash over octets, eight at a time; it need not resist an attacker, since both sides of the comparison are
/// the client's own messages.
private struct Mixer {
    var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func combine(_ octets: UnsafeRawBufferPointer) {
        mix(UInt64(octets.count))
        var position = 0
        while position + 8 <= octets.count {
            mix(octets.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var rest: UInt64 = 0
        while position < octets.count {
            rest = rest << 8 | UInt64(octets[position])
            position += 1
        }
        mix(rest)
    }

    mutating func combine(_ text: String) {
        var text = text
        text.withUTF8 { combine(UnsafeRawBufferPointer($0)) }
    }

    private mutating func mix(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        value = product.high ^ product.low ^ (word &+ 0x9E37_79B9_7F4A_7C15)
    }
}
