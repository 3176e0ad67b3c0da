import Delivery
import Testing

@Suite("Delivery areas")
struct AreaTests {
    @Test(
        "an area is the beginning of an address in whole words, whatever its province is called",
        arguments: [
            (["서울 마포구"], "서울시 마포구 월드컵로 12, 301호", true), (["서울특별시 마포구"], "서울 마포구", true),
            (["서울시 마포구 동교로"], "서울시 마포구 월드컵로 12", false), (["서울 마포"], "서울시 마포구 월드컵로", false),
            (["경기도 성남시", "서울 중구"], "경기 성남시 분당구 판교로 1", true), (["Seoul"], "SEOUL, Mapo-gu", true),
            ([], "어디든", true), (["99999"], "서울시 마포구", false), (["서울"], "", false),
            (["\u{74A}a"], " \u{74A}a 1", true), (["서울 \u{301}가"], "서울 \u{301}가,\u{301}나", true),
        ])
    func contains(codes: [String], address: String, expected: Bool) {
        #expect(Area(codes).contains(address) == expected)
    }

    @Test("codes are checked, and repeated ones dropped")
    func checked() throws {
        #expect(try Area.check([" 서울 마포구 ", "서울 마포구"], "area_codes").codes == ["서울 마포구"])
        #expect(throws: DeliveryError.self) { try Area.check([","], "area_codes") }
        #expect(throws: DeliveryError.self) { try Area.check([""], "area_codes") }
        #expect(throws: DeliveryError.self) { try Area.check(Array(repeating: "a", count: 101), "area_codes") }
    }
}
