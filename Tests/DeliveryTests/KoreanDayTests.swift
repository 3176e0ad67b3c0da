import Delivery
import Testing

@Suite("A day in Korea")
struct KoreanDayTests {
    @Test(
        "a time belongs to the day that it is in Korea",
        arguments: [
            ("2026-11-20T14:59:59.999Z", "2026-11-20"), ("2026-11-20T15:00:00Z", "2026-11-21"),
            ("2026-11-20T00:00:00+09:00", "2026-11-20"), ("2026-12-31T23:59:59+09:00", "2026-12-31"),
            ("2026-12-31T15:00:00Z", "2027-01-01"), ("1969-12-31T14:59:59Z", "1969-12-31"),
            ("1969-12-31T15:00:00Z", "1970-01-01"), ("2028-02-29T10:00:00+09:00", "2028-02-29"),
        ])
    func containing(time: String, day: String) throws {
        let time = try #require(Timestamp(time))
        let found = KoreanDay(containing: time)
        #expect(found.description == day)
        #expect(found == KoreanDay(day))
        #expect(found.start <= time && time < found.end)
        #expect(KoreanDay(containing: found.end).start == found.end)
    }

    @Test(
        "nothing but year, month and day is read",
        arguments: [
            "", "2026-11-2", "2026-11-200", "20261120", "2026/11/20", "2026-13-01", "2026-02-29", "2026-11-00",
            " 2026-11-20", "2026-11-20T00:00:00Z", "today", "２０２６-11-20",
        ])
    func unreadable(text: String) { #expect(KoreanDay(text) == nil) }

    @Test("times outside of the calendar count as its end", arguments: [Int.min, Int.max])
    func outside(milliseconds: Int) {
        let day = KoreanDay(containing: Timestamp(milliseconds: milliseconds))
        #expect(day.description == (milliseconds < 0 ? "0000-01-01" : "9999-12-31"))
    }
}
