import Delivery
import Foundation
import Testing

@Suite("Times")
struct TimestampTests {
    @Test(
        "a time is written with milliseconds and its offset",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_001, "1970-01-01T00:00:01.001Z"),
            (1_700_000_000_001, "2023-11-14T22:13:20.001Z"),
            (951_825_599_999, "2000-02-29T11:59:59.999Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        ])
    func description(milliseconds: Int, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test("what four digits of a year cannot say is shown as the end of them")
    func beyondTheYears() {
        #expect(Timestamp(milliseconds: .max).description == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: .min).description == "0000-01-01T00:00:00.000Z")
    }

    @Test("the calendar is the C library's, and every time survives being written and read")
    func calendar() {
        var random = SeededRandom(1)
        for _ in 0..<20_000 {
            let milliseconds = Int.random(in: -62_167_219_200_000...253_402_300_799_999, using: &random)
            var seconds = time_t((Double(milliseconds) / 1000).rounded(.down))
            var parts = tm()
            gmtime_r(&seconds, &parts)
            let expected = String(
                format: "%04d-%02d-%02dT%02d:%02d:%02d", Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1,
                Int(parts.tm_mday), Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
            let text = Timestamp(milliseconds: milliseconds).description
            #expect(text.hasPrefix(expected))
            #expect(Timestamp(text)?.milliseconds == milliseconds)
        }
    }

    @Test(
        "other spellings of RFC 3339 are read",
        arguments: [
            ("1970-01-01T09:00:00+09:00", 0),
            ("1969-12-31T19:00:00-05:00", 0),
            ("1970-01-01t00:00:00.5z", 500),
            ("1970-01-01 00:00:00.0009999999Z", 0),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("0000-01-01T00:00:00+23:59", -62_167_305_540_000),
        ])
    func reading(text: String, milliseconds: Int) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "now", "1970", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z",
            "1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+9:00", "1970-01-01T00:00:00Z ",
            "99999999999999999999-01-01T00:00:00Z", "１９70-01-01T00:00:00Z", "-1970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.999999999999999999999999999999", "1970-01-01T00:00:00+24:00",
        ])
    func refusing(text: String) {
        #expect(Timestamp(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSON.decode([Timestamp].self, try JSON.encode([text]))
        }
    }

    @Test("adding a duration stops at the ends")
    func adding() {
        let now = Timestamp(milliseconds: 1_500)
        #expect(now.adding(.milliseconds(250)).milliseconds == 1_750)
        #expect(now.adding(.seconds(-2)).milliseconds == -500)
        #expect(now.adding(.milliseconds(-1_501)).milliseconds == -1)
        #expect(now.adding(.seconds(Int64.max)).milliseconds == .max)
        #expect(now.adding(.seconds(Int64.min)).milliseconds == .min)
        #expect(Timestamp(milliseconds: .max).adding(.milliseconds(1)).milliseconds == .max)
    }

    @Test("now is now")
    func now() {
        let difference = Date().timeIntervalSince1970 * 1000 - Double(Timestamp.now.milliseconds)
        #expect(abs(difference) < 60_000)
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
