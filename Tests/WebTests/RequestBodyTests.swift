import Delivery
import Testing
import Web

@Suite("The body of a request")
struct RequestBodyTests {
    @Test(
        "a value is read bare and in the envelope, however the key is spelled",
        arguments: [
            #"{"store_id":1,"store_menu_id_list":[7]}"#, #" {"store_id":1,"store_menu_id_list":[7]}"#,
            #"{"body":{"store_id":1,"store_menu_id_list":[7]}}"#,
            #"{ "body" : {"store_id":1,"store_menu_id_list":[7]}}"#,
            #"{"\u0062ody":{"store_id":1,"store_menu_id_list":[7]}}"#,
            #"{"store_id":2,"bo\u0064y":{"store_id":1,"store_menu_id_list":[7]},"store_menu_id_list":[8]}"#,
            #"{"store_id":1,"store_menu_id_list":[7],"more":"body"}"#,
            #"{"store_id":1,"store_menu_id_list":[7],"more":{"body":{}}}"#,
        ])
    func values(text: String) throws {
        let request = try RequestBody.decode(OrderRequest.self, Array(text.utf8))
        #expect(request == OrderRequest(storeID: 1, lines: [.init(menuID: 7, quantity: 1)]))
    }

    @Test(
        "a refusal names the field, in both forms",
        arguments: [
            (#"{"store_id":1,"store_menu_id_list":[7,"8"]}"#, "store_menu_id_list[1]: must be a whole number"),
            (#"{"store_id":1,"store_menu_id_list":[7,null]}"#, "store_menu_id_list[1]: must not be null"),
            (
                #"{"store_id":1,"store_menu_id_list":[99999999999999999999]}"#,
                "store_menu_id_list[0]: must be a whole number"
            ),
            (#"{"store_id":1,"store_menu_id_list":7}"#, "store_menu_id_list: must be a list"),
            (#"{"store_menu_id_list":[7]}"#, "store_id: missing"),
        ])
    func refusals(text: String, description: String) {
        for form in [text, #"{"body":\#(text)}"#, " " + text] {
            do {
                _ = try RequestBody.decode(OrderRequest.self, Array(form.utf8))
                Issue.record("\(form) was taken")
            } catch {
                #expect(Refusal(error)?.description == description)
            }
        }
    }

    @Test("what is no object is refused", arguments: ["", "[]", "1", "null", "[{}]", "{", #"{"store_id":1"#, "{}}"])
    func noObject(text: String) {
        #expect(throws: DecodingError.self) { try RequestBody.decode([String: Int].self, Array(text.utf8)) }
    }
}
