/// A dictionary of bounded size: when it is full, the key that was touched longest ago goes. Every call is O(1).
package struct LeastRecentlyUsed<Key: Hashable, Value> {
    private struct Node {
        let key: Key
        var value: Value
        /// Towards what was touched later, and earlier; -1 for none.
        var newer: Int
        var older: Int
    }

    private let most: Int
    private var nodes: [Node] = []
    private var places: [Key: Int] = [:]
    private var newest = -1
    private var oldest = -1

    /// - Parameter most: keys, at least one.
    package init(most: Int) { self.most = max(1, most) }

    package var count: Int { nodes.count }

    /// Reading does not touch.
    package func value(of key: Key) -> Value? { places[key].map { nodes[$0].value } }

    /// Stores a value and touches its key.
    package mutating func set(_ value: Value, of key: Key) {
        if let place = places[key] {
            unlink(place)
            nodes[place].value = value
            link(place)
        } else {
            if nodes.count == most { remove(nodes[oldest].key) }
            nodes.append(Node(key: key, value: value, newer: -1, older: -1))
            places[key] = nodes.count - 1
            link(nodes.count - 1)
        }
    }

    package mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        let last = nodes.count - 1
        if place != last {
            // The last node takes the free place.
            let moved = nodes[last]
            nodes[place] = moved
            places[moved.key] = place
            if moved.newer >= 0 { nodes[moved.newer].older = place } else { newest = place }
            if moved.older >= 0 { nodes[moved.older].newer = place } else { oldest = place }
        }
        nodes.removeLast()
    }

    private mutating func link(_ place: Int) {
        nodes[place].newer = -1
        nodes[place].older = newest
        if newest >= 0 { nodes[newest].newer = place }
        newest = place
        if oldest < 0 { oldest = place }
    }

    private mutating func unlink(_ place: Int) {
        let (newer, older) = (nodes[place].newer, nodes[place].older)
        if newer >= 0 { nodes[newer].older = older } else { newest = older }
        if older >= 0 { nodes[older].newer = newer } else { oldest = newer }
    }
}
