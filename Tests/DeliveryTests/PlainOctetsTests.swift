import Testing

@testable import Delivery

@Suite("Messages of the form that this program writes are read without the JSON decoder")
struct PlainOctetsTests {
    private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func completed(_ time: String, _ id: String) -> String {
        #"{"completed_at":"\#(time)","customer_id":2,"order_id":1,"tx_id":"\#(id)","version":"1.0"}"#
    }

    @Test("what is written is read back", arguments: [0, 1, 7, 1_234_567, 999_999_999_999_999_999])
    func roundTrip(id: Int) throws {
        let announced = UserOrderMessage(orderID: id)
        #expect(UserOrderMessage.plain(announced.octets) == announced)
        #expect(try JSON.decode(UserOrderMessage.self, announced.octets) == announced)
        let completed = OrderCompletedMessage(
            order: id, customer: 3, txID: "5f0c2a10-0000-4000-8000-00000000000a",
            at: Timestamp(milliseconds: 1_763_600_000_123))
        #expect(OrderCompletedMessage.plain(completed.octets) == completed)
        #expect(try JSON.decode(OrderCompletedMessage.self, completed.octets) == completed)
    }

    @Test(
        "every other form is left to the JSON decoder, which has the last word",
        arguments: [
            ("{\"user_order_id\":1} ", 1), (" {\"user_order_id\":1}", 1), ("{\"user_order_id\": 1}", 1),
            ("{\"userOrderId\":1}", 1), ("{\"user_order_id\":1,\"x\":2}", 1), ("{\"user_order_id\":-1}", -1),
            ("{\"user_order_id\":1000000000000000000}", 1_000_000_000_000_000_000),
            ("{\"user_order_id\":01}", nil), ("{\"user_order_id\":}", nil), ("{\"user_order_id\":1", nil),
            ("{\"user_order_id\":1}}", nil), ("{\"user_order_id\":\"1\"}", nil), ("", nil), ("{", nil),
        ] as [(String, Int?)])
    func others(text: String, id: Int?) {
        #expect(UserOrderMessage.plain(octets(text)) == nil)
        #expect((try? UserOrderMessage.read(octets(text)))?.orderID == id)
    }

    @Test("a text with an escape, or one that is not plain ASCII, is left to the JSON decoder")
    func texts() {
        for id in ["a\\\"b", "가", "a\u{01}", "a\\u0041"] {
            #expect(OrderCompletedMessage.plain(octets(completed("2026-11-20T08:49:03.796Z", id))) == nil)
        }
        #expect(OrderCompletedMessage.plain(octets(completed("2026-11-20T08:49:03.796Z", "a"))) != nil)
        let bad = completed("yesterday", "a")
        #expect(OrderCompletedMessage.plain(octets(bad)) == nil)
        #expect(throws: (any Error).self) { try OrderCompletedMessage.read(octets(bad)) }
    }
}
