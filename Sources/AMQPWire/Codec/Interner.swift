import Glibc

/// Where a message was published to. Deliveries share it.
package final class Route: Sendable {
    package let exchange: String
    package let routingKey: String
    /// The exchange's name, then the routing key. Not an array, which would be retained at each comparison.
    /// Written before anybody else can see it, and freed with the last reference, so sharing it is safe.
    private nonisolated(unsafe) let octets: UnsafeMutableRawBufferPointer
    private let exchangeCount: Int

    package convenience init(exchange: String, routingKey: String) {
        self.init(exchange, routingKey, Array(exchange.utf8), Array(routingKey.utf8))
    }

    private init(_ exchange: String, _ routingKey: String, _ exchangeOctets: [UInt8], _ keyOctets: [UInt8]) {
        self.exchange = exchange
        self.routingKey = routingKey
        octets = .allocate(byteCount: exchangeOctets.count + keyOctets.count, alignment: 1)
        octets.copyBytes(from: exchangeOctets + keyOctets)
        exchangeCount = exchangeOctets.count
    }

    deinit { octets.deallocate() }

    /// Octets that are not UTF-8 are replaced, as everywhere in method arguments.
    fileprivate convenience init(_ exchange: UnsafeRawBufferPointer, _ routingKey: UnsafeRawBufferPointer) {
        self.init(
            String(decoding: exchange, as: UTF8.self), String(decoding: routingKey, as: UTF8.self), Array(exchange),
            Array(routingKey))
    }

    fileprivate func isFor(_ exchange: UnsafeRawBufferPointer, _ routingKey: UnsafeRawBufferPointer) -> Bool {
        guard exchangeCount == exchange.count, octets.count == exchange.count + routingKey.count else { return false }
        let own = UnsafeRawBufferPointer(octets)
        return UnsafeRawBufferPointer(rebasing: own[exchangeCount...]).isEqual(to: routingKey)
            && UnsafeRawBufferPointer(rebasing: own[..<exchangeCount]).isEqual(to: exchange)
    }
}

/// Gives the same `Route` for the same octets, so that the exchange and key of each delivery are not allocated again.
/// It holds a fixed number of routes; a newcomer displaces the one in its place.
package struct Interner: Sendable {
    private var last: Route
    private var slots: [Route?]
    private static let count = 128

    package init() {
        slots = Array(repeating: nil, count: Self.count)
        last = Route(exchange: "", routingKey: "")
    }

    package mutating func route(_ exchange: UnsafeRawBufferPointer, _ routingKey: UnsafeRawBufferPointer) -> Route {
        // Neighbours in a queue mostly came the same way.
        if last.isFor(exchange, routingKey) { return last }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for octet in exchange { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
        hash = (hash ^ 0xFF) &* 0x100_0000_01b3
        for octet in routingKey { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
        let index = Int(truncatingIfNeeded: (hash ^ (hash >> 29)) & UInt64(Self.count - 1))
        if let known = slots[index], known.isFor(exchange, routingKey) {
            last = known
        } else {
            last = Route(exchange, routingKey)
            slots[index] = last
        }
        return last
    }
}

extension UnsafeRawBufferPointer {
    package func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let own = baseAddress, let others = other.baseAddress else { return true }
        return memcmp(own, others, count) == 0
    }
}
