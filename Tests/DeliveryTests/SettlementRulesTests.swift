import Delivery
import Testing

@Suite("Fees")
struct FeeTests {
    @Test(
        "are in whole won, and half a won is rounded up",
        arguments: [
            (1_000, 21_000, 2_100), (1_000, 1, 0), (1_000, 4, 0), (1_000, 5, 1), (1_000, 14, 1), (1_000, 15, 2),
            (980, 8_900, 872), (985, 8_900, 877), (0, 8_000, 0), (10_000, 8_000, 8_000), (1, 4_999, 0), (1, 5_000, 1),
            (333, 0, 0),
        ])
    func rounding(basisPoints: Int, amount: Int, fee: Int) {
        #expect(Fee(basisPoints: basisPoints).of(amount) == fee)
    }

    @Test("of any amount are between nothing and all of it")
    func bounds() {
        var random = SeededRandom(7)
        for _ in 0..<2_000 {
            let fee = Fee(basisPoints: Int.random(in: 0...10_000, using: &random))
            let amount = Int.random(in: 0...Int.max, using: &random) >> Int.random(in: 0...62, using: &random)
            #expect((0...amount).contains(fee.of(amount)))
        }
        #expect(Fee(basisPoints: 10_000).of(.max) == .max)
        #expect(Fee(basisPoints: .max).basisPoints == 10_000 && Fee(basisPoints: -1).basisPoints == 0)
        #expect(Fee(basisPoints: 500).of(-8_000) == 0)
    }
}

@Suite("Tables for spreadsheets")
struct CSVTests {
    private func line(_ fields: CSV.Field...) -> String { String(decoding: CSV.line(fields), as: UTF8.self) }

    @Test("have numbers as they are, and texts quoted where they must be")
    func quoting() {
        #expect(line(.number(-2_100), .text("김치찌개"), .text("")) == "-2100,김치찌개,\r\n")
        #expect(
            line(.text("a,b"), .text("say \"hi\""), .text("two\nlines"))
                == "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n")
    }

    @Test(
        "never hold a formula, whatever a store is called",
        arguments: [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "=HYPERLINK(\"http://x\",\"y\")",
            "＝1+1", "－1", "\n=1",
        ])
    func formulas(text: String) {
        let cell = line(.text(text)).dropLast()
        #expect(cell.first == "'" || cell.hasPrefix("\"'"), "\(cell)")
    }

    @Test("show a store's entry with Korean time")
    func entry() throws {
        let day = try #require(KoreanDay("2026-11-21"))
        let entry = SettlementEntry(
            order: 7, kind: .refund, amount: -21_000, fee: -2_100, at: try #require(Timestamp("2026-11-20T15:00:00Z")))
        let text = String(decoding: SettlementTable.line(entry, store: 1, name: "=가게", day: day), as: UTF8.self)
        #expect(text == "1,'=가게,2026-11-21,7,REFUND,2026-11-21 00:00:00,-21000,-2100,-18900\r\n")
        let columns = String(decoding: SettlementTable.head, as: UTF8.self).split(separator: ",").count
        #expect(columns == text.split(separator: ",").count)
    }
}

@Suite("A month in Korea")
struct KoreanMonthTests {
    @Test(
        "has its days",
        arguments: [("2026-11", "2026-11-30", 30), ("2024-02", "2024-02-29", 29), ("2026-02", "2026-02-28", 28)])
    func days(text: String, last: String, count: Int) throws {
        let month = try #require(KoreanMonth(text))
        #expect(month.description == text)
        #expect(month.first.description == "\(text)-01" && month.last.description == last)
        #expect(month.days.count == count)
    }

    @Test(
        "is written in one way only", arguments: ["2026-13", "2026-1", "2026-11-01", "", "2026-00", "26-11", "２026-1"])
    func malformed(text: String) { #expect(KoreanMonth(text) == nil) }
}
