/// A store, and how it takes orders now: what a customer looks at before ordering.
package struct OfferedStore: Encodable, Equatable, Sendable {
    package let store: Store
    package let pausedUntil: Timestamp?
    package let busyMinutes: Int
    /// Until an order that comes now is ready.
    package let estimatedMinutes: Int

    init(_ store: Store, _ settings: StoreSettings) {
        self.store = store
        pausedUntil = settings.pausedUntil
        busyMinutes = settings.busyMinutes
        estimatedMinutes = settings.estimatedMinutes
    }

    private enum CodingKeys: String, CodingKey {
        case pausedUntil = "paused_until"
        case busyMinutes = "busy_minutes"
        case estimatedMinutes = "estimated_minutes"
    }

    package func encode(to encoder: any Encoder) throws {
        try store.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(pausedUntil, forKey: .pausedUntil)
        try container.encode(busyMinutes, forKey: .busyMinutes)
        try container.encode(estimatedMinutes, forKey: .estimatedMinutes)
    }
}
