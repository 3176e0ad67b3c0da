import Delivery
import Testing

@testable import Messaging

@Suite("Attempts that this process has counted")
struct BegunWorkTests {
    private let attempt = DeliveryAttempt(count: 2, firstSeen: Timestamp(milliseconds: 1))

    @Test("are known until they end")
    func known() {
        let begun = BegunWork()
        #expect(begun["m"] == nil)
        begun.begin("m", attempt)
        #expect(begun["m"] == attempt)
        #expect(begun["n"] == nil)
        begun.end("m")
        #expect(begun["m"] == nil)
    }

    @Test("take no more memory, however many never end")
    func bounded() {
        let begun = BegunWork()
        for number in 0..<10_000 { begun.begin("\(number)", attempt) }
        #expect((0..<10_000).count { begun["\($0)"] != nil } <= 4096)
        #expect(begun["9999"] == attempt)
    }
}
