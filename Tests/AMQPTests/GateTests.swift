@testable import AMQP
import AMQPWire
import Testing

@Suite("Gates")
struct GateTests {
    @Test("those who wait go on in their order, whoever has left, and each is counted once")
    func order() {
        var gate = Gate()
        var waiting: [Waiter<Void>] = []
        var random = SystemRandomNumberGenerator()
        for round in 0..<2000 {
            switch UInt8.random(in: 0..<8, using: &random) {
            case 0..<4: waiting.append(gate.add())
            case 4, 5:
                guard let index = waiting.indices.randomElement(using: &random) else { continue }
                gate.remove(waiting[index])
                gate.remove(waiting[index])
                waiting.remove(at: index)
            default:
                let count = Int.random(in: 0...3, using: &random)
                gate.letPass(count)
                let passed = waiting.prefix(count)
                #expect(passed.allSatisfy { $0.isFinished }, "round \(round)")
                waiting.removeFirst(passed.count)
            }
            #expect(gate.count == waiting.count)
            #expect(waiting.allSatisfy { !$0.isFinished }, "round \(round)")
        }
        gate.fail(AMQPError(.closed, "over"))
        #expect(gate.isEmpty)
        #expect(waiting.allSatisfy { $0.isFinished })
    }

    @Test("one whose wait has ended already lets the next go on")
    func ended() {
        var gate = Gate()
        let first = gate.add()
        let second = gate.add()
        first.fail(AMQPError(.cancelled, ""))
        gate.letPass(1)
        #expect(second.isFinished)
        #expect(gate.isEmpty)
        gate.remove(first)
        #expect(gate.isEmpty)
    }

    @Test("a hundred thousand come and go, from the back, the front and one by one", .timeLimit(.minutes(1)))
    func many() {
        var gate = Gate()
        let number = 100_000
        let back = (0..<number).map { _ in gate.add() }
        for waiter in back.reversed() { gate.remove(waiter) }
        #expect(gate.isEmpty)
        let middle = (0..<number).map { _ in gate.add() }
        for waiter in middle.dropFirst() { gate.remove(waiter) }
        #expect(gate.count == 1)
        for _ in 0..<number { _ = gate.add() }
        for _ in 0...number { gate.letPass(1) }
        #expect(gate.isEmpty)
    }
}
