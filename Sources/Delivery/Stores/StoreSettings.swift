/// How a store takes orders at present.
package struct StoreSettings: Codable, Equatable, Sendable {
    /// Minutes that a store may promise.
    package static let prepMinutes = 1...OrderChange.mostPrepMinutes
    package static let mostBusyMinutes = 180

    /// Orders are accepted as they arrive, with the estimated minutes.
    package var acceptsByItself: Bool
    package var defaultPrepMinutes: Int
    /// What a busy kitchen needs longer.
    package var busyMinutes: Int
    /// Until then nothing can be ordered; nil when the store is not paused, also when that time has come.
    package var pausedUntil: Timestamp?
    /// Beginnings of addresses that the store delivers to; empty: it delivers everywhere.
    package var areaCodes: [String]

    /// Of a store that has said nothing yet.
    package static let initial = StoreSettings(
        acceptsByItself: false, defaultPrepMinutes: 20, busyMinutes: 0, pausedUntil: nil, areaCodes: [])

    package init(
        acceptsByItself: Bool, defaultPrepMinutes: Int, busyMinutes: Int, pausedUntil: Timestamp?, areaCodes: [String]
    ) {
        self.acceptsByItself = acceptsByItself
        self.defaultPrepMinutes = defaultPrepMinutes
        self.busyMinutes = busyMinutes
        self.pausedUntil = pausedUntil
        self.areaCodes = areaCodes
    }

    /// What an order takes that comes now.
    package var estimatedMinutes: Int {
        let (sum, isTooLarge) = defaultPrepMinutes.addingReportingOverflow(busyMinutes)
        let most = Self.prepMinutes.upperBound
        return isTooLarge ? most : min(max(sum, Self.prepMinutes.lowerBound), most)
    }

    enum CodingKeys: String, CodingKey {
        case acceptsByItself = "auto_accept"
        case defaultPrepMinutes = "default_prep_minutes"
        case busyMinutes = "busy_minutes"
        case pausedUntil = "paused_until"
        case areaCodes = "area_codes"
    }

    /// A pause that is not there is null, and not missing.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(acceptsByItself, forKey: .acceptsByItself)
        try container.encode(defaultPrepMinutes, forKey: .defaultPrepMinutes)
        try container.encode(busyMinutes, forKey: .busyMinutes)
        try container.encode(pausedUntil, forKey: .pausedUntil)
        try container.encode(areaCodes, forKey: .areaCodes)
    }
}

/// What a store's user wants to be otherwise. What is not named, or null, stays; only a pause ends by null.
package struct StoreSettingsChange: Decodable, Equatable, Sendable {
    package enum Pause: Equatable, Sendable {
        case end
        case until(Timestamp)
    }

    package var acceptsByItself: Bool?
    package var defaultPrepMinutes: Int?
    package var busyMinutes: Int?
    package var pause: Pause?
    package var areaCodes: [String]?

    package init(
        acceptsByItself: Bool? = nil, defaultPrepMinutes: Int? = nil, busyMinutes: Int? = nil, pause: Pause? = nil,
        areaCodes: [String]? = nil
    ) {
        self.acceptsByItself = acceptsByItself
        self.defaultPrepMinutes = defaultPrepMinutes
        self.busyMinutes = busyMinutes
        self.pause = pause
        self.areaCodes = areaCodes
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: StoreSettings.CodingKeys.self)
        acceptsByItself = try container.decodeIfPresent(Bool.self, forKey: .acceptsByItself)
        defaultPrepMinutes = try container.decodeIfPresent(WholeNumber.self, forKey: .defaultPrepMinutes)?.value
        busyMinutes = try container.decodeIfPresent(WholeNumber.self, forKey: .busyMinutes)?.value
        areaCodes = try container.decodeIfPresent([String].self, forKey: .areaCodes)
        guard container.contains(.pausedUntil) else { return }
        pause = try container.decodeIfPresent(Timestamp.self, forKey: .pausedUntil).map { .until($0) } ?? .end
    }

    /// The settings with this change, checked.
    ///
    /// - Throws: `DeliveryError` 400 that names the field; 403 when the role may not change what would become otherwise.
    package func applied(
        to old: StoreSettings, by role: StoreUser.Role, at now: Timestamp
    ) throws(DeliveryError) -> StoreSettings {
        var new = old
        if let acceptsByItself { new.acceptsByItself = acceptsByItself }
        if let defaultPrepMinutes {
            new.defaultPrepMinutes = try Self.check(
                defaultPrepMinutes, "default_prep_minutes", in: StoreSettings.prepMinutes)
        }
        if let busyMinutes {
            new.busyMinutes = try Self.check(busyMinutes, "busy_minutes", in: 0...StoreSettings.mostBusyMinutes)
        }
        switch pause {
        case .end: new.pausedUntil = nil
        case .until(let time): new.pausedUntil = try Availability.checked(time, "paused_until", at: now)
        case nil: break
        }
        if let areaCodes { new.areaCodes = try Area.check(areaCodes, "area_codes").codes }
        guard role.runsStore || new.isRunAs(old) else { throw .forbidden }
        return new
    }

    private static func check(
        _ value: Int, _ field: String, in range: ClosedRange<Int>
    ) throws(DeliveryError) -> Int {
        guard range.contains(value) else {
            throw .invalid(field, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }
}

extension StoreSettings {
    /// Whether nothing differs but what the counter decides from hour to hour: how busy it is, and a pause.
    fileprivate func isRunAs(_ other: StoreSettings) -> Bool {
        acceptsByItself == other.acceptsByItself && defaultPrepMinutes == other.defaultPrepMinutes
            && areaCodes == other.areaCodes
    }
}

extension StoreUser.Role {
    /// Who decides how the store is run: where it delivers to, what it promises, whether it accepts by itself.
    package var runsStore: Bool { self == .master || self == .admin }
}
