import Failpoints
import Testing

@Suite("Failpoints")
struct FailpointTests {
    @Test("a point that nobody switched on does nothing")
    func off() throws {
        try Failpoint.reach("test.nowhere", ["order": "7"])
        #expect(try FailpointPlan("").effect("test.nowhere") == nil)
        #expect(try FailpointPlan("test.elsewhere:crash").effect("test.nowhere") == nil)
    }

    @Test("a point acts at the visits whose tags are asked for")
    func tags() throws {
        let plan = try FailpointPlan("a:crash:order=7:step=pay; a:error:order=8; b:error")
        #expect(plan.effect("a") == nil)
        #expect(plan.effect("a", ["order": "7"]) == nil)
        #expect(plan.effect("a", ["step": "pay", "order": "7"]) == .crash)
        #expect(plan.effect("a", ["order": "8"]) == .error)
        #expect(plan.effect("a", ["order": "78"]) == nil)
        #expect(plan.effect("b", ["order": "1"]) == .error)
    }

    @Test("visits are skipped and counted only if they have the tags")
    func counts() throws {
        let plan = try FailpointPlan("a:error:skip=1:times=2:order=7")
        #expect(plan.effect("a", ["order": "8"]) == nil)
        let effects = (0..<5).map { _ in plan.effect("a", ["order": "7"]) }
        #expect(effects == [nil, .error, .error, nil, nil])
    }

    @Test(
        "a value that is none is refused with what is allowed",
        arguments: ["a", "a:explode", ":crash", "a:crash:order", "a:error:times=-1", "a:error:skip=x"])
    func malformed(text: String) {
        #expect(throws: FailpointPlan.Malformed.self) { try FailpointPlan(text) }
        #expect(Failpoint.objection(to: text) != nil)
    }

    @Test("a value that is one is not refused", arguments: ["", ";", "a:crash", " a : error : order=7 ;b:crash;"])
    func wellFormed(text: String) { #expect(Failpoint.objection(to: text) == nil) }
}
