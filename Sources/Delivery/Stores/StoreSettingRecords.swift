import SQLite

enum StoreSettingRecords {
    /// The settings as they count at `now`.
    static func find(store id: Int, at now: Timestamp, in db: Connection) throws -> StoreSettings {
        try db.first(
            """
            SELECT auto_accept, default_prep_minutes, busy_minutes, paused_until, area_codes
            FROM store_setting WHERE store_id = ?
            """, id
        ) { row in
            StoreSettings(
                acceptsByItself: try row.int(0) != 0, defaultPrepMinutes: try row.int(1),
                busyMinutes: try row.int(2), pausedUntil: Availability.current(try row.optionalInt(3), at: now),
                areaCodes: try areaCodes(try row.text(4)))
        } ?? .initial
    }

    /// The store that an order waits at, if that store accepts by itself.
    static func acceptingStore(ofWaiting order: Int, in db: Connection) throws -> Int? {
        try db.first(
            """
            SELECT o.store_id FROM user_order o JOIN store_setting s ON s.store_id = o.store_id
            WHERE o.id = ? AND o.status = 'ORDER' AND s.auto_accept <> 0
            """, order
        ) { row in try row.int(0) }
    }

    static func set(_ settings: StoreSettings, store id: Int, in db: Connection) throws {
        let areas = String(decoding: try JSON.encode(settings.areaCodes), as: UTF8.self)
        try db.run(
            """
            INSERT OR REPLACE INTO store_setting(store_id, auto_accept, default_prep_minutes, busy_minutes, paused_until,
              area_codes)
            VALUES (?, ?, ?, ?, ?, ?)
            """, id, settings.acceptsByItself, settings.defaultPrepMinutes, settings.busyMinutes,
            settings.pausedUntil?.milliseconds, areas)
    }

    private static func areaCodes(_ text: String) throws -> [String] {
        guard let codes = try? JSON.decode([String].self, Array(text.utf8)) else {
            throw UnreadableRecord("store_setting.area_codes")
        }
        return codes
    }
}
