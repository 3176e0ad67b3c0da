import Delivery
import OpenAPI
import Testing

@Suite("The values that the document lists")
struct ValuesTests {
    private func values(_ schema: OpenAPI.Schema) -> [String] {
        guard case .array(let values) = schema.tree["enum"] else { return [] }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    @Test("statuses, actions, actors, reasons, categories and roles are those of the code")
    func same() {
        #expect(values(Components.status) == OrderStatus.allCases.map(\.rawValue))
        #expect(values(Components.action) == OrderAction.allCases.map(\.rawValue))
        #expect(values(Components.actor) == OrderActor.Kind.allCases.map(\.rawValue))
        #expect(values(Components.rejectReason) == RejectReason.allCases.map(\.rawValue))
        #expect(Components.categories == Store.Category.allCases.map(\.rawValue))
        #expect(values(Components.paymentState) == PaymentState.allCases.map(\.rawValue))
        #expect(Set(values(Components.role)) == Set(StoreUser.Role.allCases.map(\.rawValue)))
    }
}
