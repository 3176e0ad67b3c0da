/// A growable queue in a ring whose capacity is a power of two; indexed from its front.
@usableFromInline
package struct Ring<Element> {
    @usableFromInline var storage: [Element?]
    @usableFromInline var head = 0
    @usableFromInline package var count = 0

    @inlinable
    package init() { storage = [] }

    @inlinable package var isEmpty: Bool { count == 0 }

    @inlinable package var first: Element? { count == 0 ? nil : storage[head] }

    /// `index` counts from the front and has to be below `count`.
    @inlinable
    package subscript(index: Int) -> Element {
        get { storage[(head + index) & (storage.count - 1)].unsafelyUnwrapped }
        set { storage[(head + index) & (storage.count - 1)] = newValue }
    }

    @inlinable
    package mutating func append(_ element: consuming Element) {
        if count == storage.count { grow() }
        storage[(head + count) & (storage.count - 1)] = element
        count += 1
    }

    @inlinable
    @discardableResult
    package mutating func removeFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = storage[head].take()
        head = (head + 1) & (storage.count - 1)
        count -= 1
        return element
    }

    @inlinable
    package mutating func removeAll() {
        storage = []
        head = 0
        count = 0
    }

    @usableFromInline
    mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(max(8, storage.count * 2))
        for index in 0..<count { larger.append(storage[(head + index) & (storage.count - 1)]) }
        while larger.count < max(8, storage.count * 2) { larger.append(nil) }
        storage = larger
        head = 0
    }
}

extension Ring: Sendable where Element: Sendable {}
