import Delivery
import Testing

@Suite("The request for an order")
struct OrderRequestTests {
    private func decode(_ text: String) throws -> OrderRequest { try JSON.decode(OrderRequest.self, octets(text)) }

    @Test("a list of menu ids and a list of items mean the same")
    func forms() throws {
        let list = try decode(#"{"store_id":1,"store_menu_id_list":[2,1,2]}"#)
        let items = try decode(
            #"{"store_id":1,"items":[{"store_menu_id":2,"quantity":2},{"store_menu_id":1,"quantity":1}]}"#)
        #expect(list == items)
        #expect(list.lines.map(\.menuID) == [2, 1])
        #expect(list.lines.map(\.quantity) == [2, 1])
    }

    @Test("the same menu in several items is one line")
    func merged() throws {
        let request = try decode(
            #"{"store_id":1,"items":[{"store_menu_id":2,"quantity":500},{"store_menu_id":2,"quantity":499}]}"#)
        #expect(request.lines == [OrderRequest.Line(menuID: 2, quantity: 999)])
    }

    @Test("null counts as absent")
    func null() throws {
        #expect(try decode(#"{"store_id":1,"store_menu_id_list":[1],"items":null,"note":null}"#).note == nil)
    }

    @Test(
        "a note is trimmed, may have lines, and an empty one is none",
        arguments: [(#"" 문 앞에\n놔주세요 ""#, "문 앞에\n놔주세요"), (#""  \n ""#, nil), (#""""#, nil)])
    func note(json: String, kept: String?) throws {
        #expect(try decode(#"{"store_id":1,"store_menu_id_list":[1],"note":\#(json)}"#).note == kept)
    }

    @Test(
        "a request that breaks a rule is refused with the field's name",
        arguments: [
            (#"{"store_id":1}"#, "store_menu_id_list"),
            (#"{"store_id":1,"store_menu_id_list":[]}"#, "store_menu_id_list"),
            (#"{"store_id":1,"items":[]}"#, "items"), (#"{"store_id":1,"items":[],"store_menu_id_list":[]}"#, "items"),
            (#"{"store_id":1,"items":[{"store_menu_id":1,"quantity":0}]}"#, "items[0].quantity"),
            (#"{"store_id":1,"items":[{"store_menu_id":1,"quantity":-1}]}"#, "items[0].quantity"),
            (#"{"store_id":1,"items":[{"store_menu_id":1,"quantity":10000}]}"#, "items[0].quantity"),
            (#"{"store_id":1,"items":[{"store_menu_id":1,"quantity":9223372036854775807}]}"#, "items[0].quantity"),
            (
                #"{"store_id":1,"items":[{"store_menu_id":1,"quantity":999},{"store_menu_id":1,"quantity":1}]}"#,
                "items[1].quantity"
            ),
            (#"{"store_id":1,"store_menu_id_list":[1],"note":"a\u0000b"}"#, "note"),
            (#"{"store_id":1,"store_menu_id_list":[1],"note":"a\u202eb"}"#, "note"),
        ])
    func refused(text: String, field: String) {
        let error = #expect(throws: DeliveryError.self) { try decode(text) }
        #expect(error?.status == 400)
        #expect(error?.description.hasPrefix("\(field): ") == true)
    }

    @Test("lists and notes have an end")
    func limits() throws {
        func list(_ ids: some Sequence<Int>) -> String {
            #"{"store_id":1,"store_menu_id_list":[\#(ids.map(String.init).joined(separator: ","))]}"#
        }
        #expect(try decode(list(1...100)).lines.count == 100)
        #expect(try decode(list(repeatElement(1, count: 999))).lines.first?.quantity == 999)
        #expect(throws: DeliveryError.self) { try decode(list(1...101)) }
        #expect(throws: DeliveryError.self) { try decode(list(repeatElement(1, count: 1000))) }
        func note(_ length: Int) -> String {
            #"{"store_id":1,"store_menu_id_list":[1],"note":"\#(String(repeating: "가", count: length))"}"#
        }
        #expect(try decode(note(300)).note?.count == 300)
        #expect(throws: DeliveryError.self) { try decode(note(301)) }
    }

    @Test(
        "a wrong type or a number that does not fit is a decoding error, which the routes answer with 400",
        arguments: [
            "[]", "{}", #""a""#, #"{"store_id":"1","store_menu_id_list":[1]}"#,
            #"{"store_id":1.5,"store_menu_id_list":[1]}"#,
            #"{"store_id":9223372036854775808,"store_menu_id_list":[1]}"#,
            #"{"store_id":1,"store_menu_id_list":["1"]}"#, #"{"store_id":1,"store_menu_id_list":[null]}"#,
            #"{"store_id":1,"store_menu_id_list":{"0":1}}"#, #"{"store_id":1,"items":[{"store_menu_id":1}]}"#,
            #"{"store_id":1,"items":[{"quantity":1}]}"#, #"{"store_id":1,"items":[1]}"#,
            #"{"store_id":1,"store_menu_id_list":[1e99]}"#, #"{"store_id":1,"store_menu_id_list":[1],"note":1}"#,
            #"{"store_id":1,"store_menu_id_list":[1]"#,
        ])
    func undecodable(text: String) {
        #expect(throws: DecodingError.self) { try decode(text) }
    }
}
