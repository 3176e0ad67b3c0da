import Delivery
import Testing

@Suite("JSON from outside")
struct JSONTests {
    @Test("any JSON value comes out as it went in")
    func anyValue() throws {
        let text = #"[null,true,false,0,-1,1,1.5,"","1","true","한글 \"\n/",[],{},{"a":[{"b":null}]},1e300]"#
        let value = try JSON.decode(JSONValue.self, octets(text))
        #expect(try JSON.decode(JSONValue.self, try JSON.encode(value)) == value)
        guard case .array(let list) = value else { throw DeliveryError.invalid("value", "is no list") }
        #expect(list[1] == .bool(true))
        #expect(list[3] == .integer(0))
        #expect(list[5] == .integer(1))
        #expect(list[6] == .number(1.5))
        #expect(list[8] == .string("1"))
    }

    @Test("a whole number beyond 64 bits is still a number")
    func hugeNumber() throws {
        #expect(
            try JSON.decode(JSONValue.self, octets("123456789012345678901234567890")) == .number(1.2345678901234568e29))
    }

    @Test(
        "what is not one JSON text in UTF-8 is refused",
        arguments: [
            "", " ", "{", "[1,,2]", "[,1]", "[1] [2]", "{\"a\":1}x", "nul", "\"\\ud800\"", "[1e999]", "'a'", "{a:1}",
            "01", "+1",
            "\u{0}", "[\"a\u{0}b\"]", String(repeating: "[", count: 100_000),
            String(repeating: "{\"a\":", count: 100_000), "NaN", "Infinity", "[\"a\nb\"]",
        ])
    func notJSON(text: String) {
        #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, octets(text)) }
    }

    @Test("octets that are not UTF-8, and other encodings, are refused")
    func notUTF8() {
        #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, [0x22, 0xFF, 0xFE, 0x22]) }
        #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, [0x22, 0xC0, 0x80, 0x22]) }
        let utf16 = "[1]".utf8.reduce(into: [UInt8]()) { $0 += [$1, 0] }
        #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, [0xFF, 0xFE] + utf16) }
        #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, utf16) }
    }

    @Test("nesting is allowed to its limit, and refused beyond it before the stack is in danger")
    func deep() throws {
        func nested(_ depth: Int) -> [UInt8] {
            octets(String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth))
        }
        let value = try JSON.decode(JSONValue.self, nested(JSONValue.deepest))
        #expect(try JSON.encode(value) == nested(JSONValue.deepest))
        for depth in [JSONValue.deepest + 1, 500] {
            #expect(throws: DeliveryError.self) { try JSON.decode(JSONValue.self, nested(depth)) }
        }
    }

    @Test("slashes are not escaped and times are texts")
    func encoding() throws {
        #expect(try JSON.encode(["a/b"]) == octets(#"["a/b"]"#))
        #expect(try JSON.encode([Timestamp(milliseconds: 0)]) == octets(#"["1970-01-01T00:00:00.000Z"]"#))
    }
}

@Suite("The message on the queue")
struct UserOrderMessageTests {
    @Test(
        "its octets are exactly those of the contract",
        arguments: [(1, #"{"user_order_id":1}"#), (Int.max, #"{"user_order_id":9223372036854775807}"#)])
    func encoding(order: Int, text: String) throws {
        #expect(UserOrderMessage(orderID: order).octets == octets(text))
        #expect(try JSON.decode(UserOrderMessage.self, octets(text)).orderID == order)
    }

    @Test(
        "both spellings are read, and what else is there is ignored",
        arguments: [
            #"{"userOrderId":7}"#, #" { "user_order_id" : 7 } "#, #"{"user_order_id":7,"userOrderId":8}"#,
            #"{"user_order_id":null,"userOrderId":7}"#, #"{"user_order_id":7,"more":{"a":[1,2,{}]}}"#,
            #"{"user_order_id":7,"user_order_id":7}"#,
        ])
    func decoding(text: String) throws {
        #expect(try JSON.decode(UserOrderMessage.self, octets(text)).orderID == 7)
    }

    @Test(
        "anything else is refused and harms nobody",
        arguments: [
            "", "hello", "\"hello\"", "1", "null", "[]", "{}", "[1]", #"{"user_order_id":"7"}"#,
            #"{"user_order_id":1.5}"#, #"{"user_order_id":true}"#, #"{"user_order_id":null}"#,
            #"{"user_order_id":9223372036854775808}"#, #"{"user_order_id":-9223372036854775809}"#,
            #"{"user_order_id":1e400}"#, #"{"user_order_id":[7]}"#, #"{"user_order_id":{"a":7}}"#,
            #"{"user_order_id":7}}"#, #"{"user_order_id":7} {"user_order_id":8}"#, #"{"user_order_id":7"#,
            #"{"USER_ORDER_ID":7}"#, #"{"user_order_id":7e}"#, #"{"user_order_id":0x7}"#,
        ])
    func hostile(text: String) {
        #expect(throws: DecodingError.self) { try JSON.decode(UserOrderMessage.self, octets(text)) }
    }

    @Test("a megabyte of garbage is refused")
    func garbage() {
        var random = SeededRandom(7)
        let noise = (0..<1_000_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        #expect(throws: DecodingError.self) { try JSON.decode(UserOrderMessage.self, noise) }
        let deep = Array(repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: DecodingError.self) { try JSON.decode(UserOrderMessage.self, deep) }
    }
}
