import Delivery
import Synchronized
import Testing

private final class Tally: Sendable {
    private let count = Lock(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
}

@Suite("Passwords are worked on in turn")
struct PasswordWorkerTests {
    private func drain(_ queue: inout FairQueue<String>) -> [String] {
        var all: [String] = []
        while let item = queue.pop() { all.append(item) }
        return all
    }

    @Test("senders take turns, each in their own order")
    func turns() {
        var queue = FairQueue<String>(most: 100, mostOfOne: 50)
        for number in 0..<4 { _ = queue.push("a\(number)", of: "a") }
        _ = queue.push("b0", of: "b")
        _ = queue.push("c0", of: "c")
        _ = queue.push("b1", of: "b")
        #expect(drain(&queue) == ["a0", "b0", "c0", "a1", "b1", "a2", "a3"])
        #expect(queue.count == 0 && queue.pop() == nil)
    }

    @Test("one sender fills no more than their part; a full queue takes from who has the most")
    func bounds() {
        var queue = FairQueue<String>(most: 4, mostOfOne: 3)
        func push(_ item: String) -> String {
            switch queue.push(item, of: String(item.prefix(1))) {
            case .queued: "queued"
            case .refused: "refused"
            case .replaced(let other): other
            }
        }
        #expect(["a0", "a1", "a2", "a3"].map(push) == ["queued", "queued", "queued", "refused"])
        #expect(push("b0") == "queued")
        #expect(push("c0") == "a2")
        #expect(push("b1") == "refused")
        #expect(push("d0") == "a1")
        #expect(push("e0") == "refused")
        #expect(drain(&queue) == ["a0", "b0", "c0", "d0"])
    }

    @Test("a flood from one client delays another client by one password, and the flood is told 503 beyond its part")
    func flood() async throws {
        let worker = PasswordWorker(most: 256, mostOfOne: 8)
        let done = Tally()
        try await withThrowingTaskGroup(of: DeliveryError?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let error = await refusal { try await worker.verify("password", .nobody, for: "203.0.113.1") }
                    if error == nil { done.add() }
                    return error
                }
            }
            while done.value == 0 { await Task.yield() }
            let before = done.value
            _ = try await worker.verify("password", .nobody, for: home)
            // The one in work, and one that had its turn.
            #expect(done.value - before <= 3)
            let refused = try await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
            #expect((8...12).contains(refused.count))
            #expect(refused.allSatisfy { $0.status == 503 && $0.retryAfter != nil })
        }
    }

    @Test("at its end everybody who waits gets an answer")
    func close() async throws {
        let worker = PasswordWorker()
        let outcomes = await withTaskGroup(of: DeliveryError?.self) { group in
            for _ in 0..<6 { group.addTask { await refusal { try await worker.hash("a password", for: home) } } }
            worker.close()
            group.addTask { await refusal { try await worker.hash("a password", for: home) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count == 7)
        #expect(outcomes.contains { $0?.status == 503 })
    }
}
