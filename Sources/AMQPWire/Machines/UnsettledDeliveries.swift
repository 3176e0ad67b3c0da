/// Which deliveries of a channel still wait for an ack, nack or reject.
///
/// Delivery tags rise by one, so a ring indexed by `tag - base` holds one flag each; the operations are O(1), or O(number
/// settled) for `multiple`.
package struct UnsettledDeliveries: Sendable {
    package enum Settling: Equatable, Sendable {
        /// Settled: send this tag to the peer.
        case settled(tag: UInt64, count: Int)
        /// Acknowledged or rejected before: sending it again would close the channel (406).
        case already
        /// Never delivered on this channel.
        case unknown
    }

    /// How many tags a peer may leave out. RabbitMQ leaves out none.
    private var gapsLeft: UInt64 = 1 << 16

    private var flags = Ring<Bool>()
    /// The tag that `flags[0]` stands for: every delivery before it is settled.
    package private(set) var base: UInt64 = 1
    package private(set) var count = 0

    package init() {}

    /// Records a delivery; those of a consumer without acknowledgements are `settled` from the start.
    package mutating func delivered(_ tag: UInt64, settled: Bool) throws(AMQPError) {
        let next = base + UInt64(flags.count)
        guard tag >= next, tag - next <= gapsLeft, tag < UInt64.max / 2 else {
            throw .syntax("delivery tag \(tag) after \(next - 1)", .syntaxError, BasicDeliver.id)
        }
        gapsLeft -= tag - next
        for _ in next..<tag { flags.append(false) }
        flags.append(!settled)
        if settled { trim() } else { count += 1 }
    }

    /// Settles one delivery, or with `multiple` it and all before it.
    package mutating func settle(_ tag: UInt64, multiple: Bool) -> Settling {
        guard tag > 0, tag < base + UInt64(flags.count) else { return .unknown }
        guard tag >= base else { return .already }
        let index = Int(tag - base)
        if !multiple {
            guard flags[index] else { return .already }
            flags[index] = false
            count -= 1
            trim()
            return .settled(tag: tag, count: 1)
        }
        // The peer wants a tag that it still holds: the highest one up to the tag asked for.
        var highest: Int?
        var settled = 0
        for position in 0...index where flags[position] {
            flags[position] = false
            highest = position
            settled += 1
        }
        guard let highest else { return .already }
        let sent = base + UInt64(highest)
        count -= settled
        trim()
        return .settled(tag: sent, count: settled)
    }

    /// The peer has taken everything back (basic.recover).
    package mutating func takenBack() {
        base += UInt64(flags.count)
        flags = Ring()
        count = 0
    }

    /// Whether a delivery still waits.
    package func isUnsettled(_ tag: UInt64) -> Bool {
        tag >= base && tag < base + UInt64(flags.count) && flags[Int(tag - base)]
    }

    private mutating func trim() {
        while let first = flags.first, !first {
            flags.removeFirst()
            base += 1
        }
    }
}

/// Acknowledgements that have not been written, to be written in as few methods as they need.
package struct PendingAcks: Sendable {
    private var waiting: [(tag: UInt64, multiple: Bool)] = []

    package init() {}

    package var isEmpty: Bool { waiting.isEmpty }

    /// With `multiple` the tag stands for all before it, too.
    package mutating func add(_ tag: UInt64, multiple: Bool) { waiting.append((tag, multiple)) }

    /// Hands out the methods to write: one for all deliveries that no unsettled one comes before, and one for each of the
    /// others.
    /// - Parameter first: every delivery before this tag is settled, and what settled it was written or is in here; 0
    ///   where none may stand for others.
    package mutating func drain(before first: UInt64, _ write: (_ tag: UInt64, _ multiple: Bool) -> Void) {
        var last: UInt64 = 0
        var standsForMany = false
        for (tag, multiple) in waiting {
            guard tag < first else {
                write(tag, multiple)
                continue
            }
            standsForMany = standsForMany || multiple || last > 0
            last = max(last, tag)
        }
        if last > 0 { write(last, standsForMany) }
        waiting.removeAll(keepingCapacity: waiting.count <= 4096)
    }
}
