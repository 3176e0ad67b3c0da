import Testing

@testable import Messaging

@Suite("Hints that the log has grown")
struct HintTests {
    @Test("the first goes at once, those of the pause go together as one, with the highest head")
    func pacing() {
        var pacer = HintPacer()
        #expect(pacer.grew(to: 5) == .send(5))
        for head in [6, 9, 7] { #expect(pacer.grew(to: head) == .nothing) }
        #expect(pacer.pauseEnded() == .send(9))
        #expect(pacer.pauseEnded() == .nothing)
        #expect(pacer.grew(to: 10) == .send(10))
    }

    @Test("what was said already is not said again")
    func repeated() {
        var pacer = HintPacer()
        #expect(pacer.grew(to: 5) == .send(5))
        #expect(pacer.grew(to: 5) == .nothing)
        #expect(pacer.pauseEnded() == .nothing)
        #expect(pacer.grew(to: 4) == .nothing)
        #expect(pacer.grew(to: 6) == .send(6))
    }

    @Test("a head goes as its digits", arguments: [0, 1, 1041, Int.max])
    func digits(head: Int) {
        #expect(FeedHint.head(FeedHint.encode(head)) == head)
    }

    @Test(
        "anything else says only that the log has grown",
        arguments: ["", "-1", "+1", "1 ", "x", "1e3", "٣", "99999999999999999999", "000000000000000000001"])
    func foreign(body: String) {
        #expect(FeedHint.head(Array(body.utf8)) == nil)
    }
}
