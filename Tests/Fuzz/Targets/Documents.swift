import Delivery
import SQLite

/// JSON that clients and the broker send: refused with an error that a reply can be made of, or read within its bounds.
@Sendable
func fuzzDocuments(_ input: UnsafeRawBufferPointer) -> String? {
    let octets = Array(input)
    if let order = try? JSON.decode(OrderRequest.self, octets) {
        guard (1...OrderRequest.mostLines).contains(order.lines.count),
            order.lines.allSatisfy({ (1...OrderRequest.mostOfOne).contains($0.quantity) }),
            Set(order.lines.map(\.menuID)).count == order.lines.count,
            (order.note?.unicodeScalars.count ?? 0) <= OrderRequest.longestNote
        else { return "an order beyond its bounds: \(order)" }
    }
    if let message = try? JSON.decode(UserOrderMessage.self, octets) {
        guard (try? JSON.decode(UserOrderMessage.self, message.octets)) == message else {
            return "\(message) does not come back"
        }
    }
    _ = try? JSON.decode(Accounts.Registration.self, octets)
    _ = try? JSON.decode(Accounts.StoreRegistration.self, octets)
    _ = try? JSON.decode(Accounts.RiderRegistration.self, octets)
    if let value = try? JSON.decode(JSONValue.self, octets) {
        // What an owner pushes to the tabs.
        guard let written = try? JSON.encode(value), let again = try? JSON.decode(JSONValue.self, written) else {
            return "\(value) cannot be passed on"
        }
        // A number may come back as another kind of number, but not for ever.
        if let second = try? JSON.encode(again), second != written { return "\(value) changes on its way" }
    }
    let text = String(decoding: octets, as: UTF8.self)
    if let email = try? AccountRules.email(text), (try? AccountRules.email(email)) != email {
        return "\(email) is not its own address"
    }
    if let area = try? Area.check([text], "area_codes"), !area.contains(text) { return "\(text) lies outside itself" }
    if let time = Timestamp(text), Timestamp(time.description) != time { return "\(time) does not come back" }
    return nil
}
