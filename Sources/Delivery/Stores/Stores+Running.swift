import SQLite

/// How a store runs: its settings and its day, inside the caller's transaction.
extension Stores {
    package static func settings(
        store id: Int, at now: Timestamp = .now, in db: Connection
    ) throws -> StoreSettings {
        try StoreSettingRecords.find(store: id, at: now, in: db)
    }

    /// - Returns: the settings as they are now, and the event that tells the store's tabs if something has changed.
    /// - Throws: `DeliveryError` 400, 403.
    package static func change(
        _ change: StoreSettingsChange, by member: StoreMember, at now: Timestamp = .now, in db: Connection
    ) throws -> (settings: StoreSettings, event: FeedEvent?) {
        let old = try StoreSettingRecords.find(store: member.storeID, at: now, in: db)
        let new = try change.applied(to: old, by: member.user.role, at: now)
        guard new != old else { return (old, nil) }
        try StoreSettingRecords.set(new, store: member.storeID, in: db)
        let event = try FeedRecords.append(
            .store(member.storeID), name: "store-settings", data: try JSON.encode(new), at: now, in: db)
        return (new, event)
    }

    package static func summary(store id: Int, of day: KoreanDay, in db: Connection) throws -> StoreSummary {
        var counter = StoreSummary.Counter(day)
        try StoreSummaryRecords.count(&counter, store: id, day, in: db)
        return counter.finish()
    }
}
