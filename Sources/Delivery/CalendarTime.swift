/// A UTC date and time of day in the proleptic Gregorian calendar, years 0 to 9999, as RFC 3339 writes it.
struct CalendarTime {
    /// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z in milliseconds since 1970.
    static let earliest = -62_167_219_200_000
    static let latest = 253_402_300_799_999

    private static let day = 86_400_000

    let milliseconds: Int

    /// - Parameter milliseconds: between `earliest` and `latest`.
    init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// For example `2026-03-01T09:30:00.250Z`.
    var text: String {
        String(unsafeUninitializedCapacity: Self.octetCount) { buffer in
            write(to: buffer)
            return Self.octetCount
        }
    }

    /// Of the text.
    static let octetCount = 24

    /// - Parameter buffer: has room for `octetCount`.
    func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        let days = milliseconds >= 0 ? milliseconds / Self.day : (milliseconds - Self.day + 1) / Self.day
        let time = milliseconds - days * Self.day
        let (year, month, day) = Self.date(days: days)
        var place = 0
        func put(_ value: Int, _ width: Int, _ mark: Unicode.Scalar) {
            var rest = value
            for index in stride(from: place + width - 1, through: place, by: -1) {
                buffer[index] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
                rest /= 10
            }
            place += width
            buffer[place] = UInt8(ascii: mark)
            place += 1
        }
        put(year, 4, "-")
        put(month, 2, "-")
        put(day, 2, "T")
        put(time / 3_600_000, 2, ":")
        put(time / 60_000 % 60, 2, ":")
        put(time / 1000 % 60, 2, ".")
        put(time % 1000, 3, "Z")
    }

    /// `YYYY-MM-DDThh:mm:ss[.fraction]` with `Z` or `±hh:mm` (RFC 3339, section 5.6).
    init?(_ text: String) {
        var text = text
        guard let milliseconds = text.withUTF8({ Self.read($0) }) else { return nil }
        self.milliseconds = milliseconds
    }

    private static func read(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var digits = Digits(text)
        guard let year = digits.number(4), digits.skip("-"), let month = digits.number(2), digits.skip("-"),
            let day = digits.number(2), digits.skip("T") || digits.skip("t") || digits.skip(" "),
            let hour = digits.number(2), digits.skip(":"), let minute = digits.number(2), digits.skip(":"),
            let second = digits.number(2), (1...12).contains(month), (1...length(month, of: year)).contains(day),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }
        var thousandths = 0
        if digits.skip(".") {
            guard let fraction = digits.fraction() else { return nil }
            thousandths = fraction
        }
        guard let offset = digits.offset(), digits.isAtEnd else { return nil }
        // A leap second (60) is the first of the next minute.
        return days(year, month, day) * Self.day + ((hour * 60 + minute - offset) * 60 + second) * 1000 + thousandths
    }

    // MARK: - Calendar

    private static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    private static func length(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01. Years are counted from March, so that the leap day is the last one of its year.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // 400 years before year 0, to stay positive; 400 years have 146,097 days.
        let year = year + 400 - (month <= 2 ? 1 : 0)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 146_097 - 719_468
    }

    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let days = days + 719_468 + 146_097
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = (monthFromMarch + 2) % 12 + 1
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (era * 400 + yearOfEra - 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Fixed numbers of digits, from the front of a text.
    private struct Digits {
        private let text: UnsafeBufferPointer<UInt8>
        private var place = 0

        init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

        var isAtEnd: Bool { place == text.count }

        mutating func number(_ count: Int) -> Int? {
            guard text.count - place >= count else { return nil }
            var value = 0
            for octet in text[place..<place + count] {
                guard (0x30...0x39).contains(octet) else { return nil }
                value = value * 10 + Int(octet - 0x30)
            }
            place += count
            return value
        }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard place < text.count, text[place] == UInt8(ascii: character) else { return false }
            place += 1
            return true
        }

        /// Thousandths; further digits are dropped.
        mutating func fraction() -> Int? {
            guard let first = number(1) else { return nil }
            var value = first * 100
            var weight = 10
            while let digit = number(1) {
                value += digit * weight
                weight /= 10
            }
            return value
        }

        /// Minutes east of UTC.
        mutating func offset() -> Int? {
            if skip("Z") || skip("z") { return 0 }
            let sign = skip("+") ? 1 : skip("-") ? -1 : 0
            guard sign != 0, let hours = number(2), skip(":"), let minutes = number(2), hours <= 23, minutes <= 59
            else { return nil }
            return sign * (hours * 60 + minutes)
        }
    }
}
