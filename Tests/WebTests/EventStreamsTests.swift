import Delivery
import SQLite
import Support
import Synchronization
import Testing
import Web

@Suite("Event streams on several instances", .timeLimit(.minutes(1)))
struct EventStreamsTests {
    /// Two instances on one file, of which the first tells the second.
    private func withTwo(
        polling: EventStreams.Polling = .never, hints: Bool = true,
        _ body: (Instance, Instance) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder("streams")
        let path = folder.file("test.db")
        let second = try await Instance.start(at: path, polling: polling)
        let first = try await Instance.start(at: path, polling: polling) { head in
            if hints { second.streams.hint(upTo: head) }
        }
        try await body(first, second)
        for instance in [first, second] { try await instance.stop() }
    }

    @Test("what one instance appends reaches the tabs of the other by a hint")
    func hint() async throws {
        try await withTwo { first, second in
            let tabs = [try await first.liveStream(), try await second.liveStream()]
            let rival = try await second.liveStream(2)
            var ids: [String] = []
            for _ in 0..<20 { ids.append("\(try await first.push())") }
            for tab in tabs {
                let events = try await tab.events(20) { $0.event == "push" }
                #expect(events.map(\.id) == ids)
                tab.close()
            }
            #expect(rival.events.count == 1)
            rival.close()
        }
    }

    @Test("a hint makes the log be read once, however many loops have streams")
    func oneRead() async throws {
        try await withTwo { first, second in
            // Connections are handed to the two loops in turn.
            let tabs = [try await second.liveStream(), try await second.liveStream()]
            try await first.push()
            for tab in tabs { try await tab.event("push") { $0.event == "push" } }
            #expect(second.metric("feed_log_reads_total") == "1")
            try await second.push()
            for tab in tabs { try await tab.events(2) { $0.event == "push" } }
            #expect(second.metric("feed_log_reads_total") == "1", "its own commit needs no read")
            for tab in tabs { tab.close() }
        }
    }

    @Test("without hints it is found by looking")
    func polling() async throws {
        try await withTwo(polling: .often, hints: false) { first, second in
            let tab = try await second.liveStream()
            let id = try await first.push()
            #expect(try await tab.event("push") { $0.event == "push" }.id == "\(id)")
            tab.close()
        }
    }

    @Test("a logout at one instance ends the session's streams at both, and no other's")
    func logout() async throws {
        try await withTwo { first, second in
            let (session, other) = (try await first.session(), try await first.session())
            let ending = [
                try await first.liveStream(session: session), try await second.liveStream(session: session),
                try await second.liveStream(2, session: session),
            ]
            let staying = [try await first.liveStream(session: other), try await second.liveStream()]
            try await first.logOut(session)
            for tab in ending { try await tab.waitForEnd() }
            try await first.push()
            for tab in staying {
                try await tab.event("push") { $0.event == "push" }
                tab.close()
            }
            #expect(ending.allSatisfy { $0.events.count == 1 })
        }
    }

    @Test("a session that ended between the check of a request and its stream gets nothing from the log")
    func race() async throws {
        try await withTwo { first, second in
            let session = try await first.session()
            try await first.push()
            // No stream is open yet, so no dispatcher will ever tell of it.
            try await first.logOut(session)
            for cursor in [nil, 0] {
                let tab = second.stream(after: cursor, session: session)
                try await tab.connect()
                try await tab.waitForEnd()
                #expect(tab.events.isEmpty)
            }
        }
    }

    @Test("the streams of a session that expires end; one that was given more time lives on")
    func expiry() async throws {
        try await withTwo(polling: .often) { first, second in
            let short = try await first.session(expires: .seconds(2))
            let extended = try await first.session(expires: .seconds(2))
            let ending = try await second.liveStream(session: short)
            let staying = try await second.liveStream(session: extended)
            #expect(
                try await first.database.write { db in
                    try db.run(
                        "UPDATE token SET expires_at = ? WHERE hash = ?",
                        Timestamp.now.adding(.seconds(60)).milliseconds, Secrets.sha256(extended))
                } == 1)
            #expect(ending.isConnected)
            try await ending.waitForEnd()
            // Time for the looks that would end it too.
            try await Task.sleep(for: .milliseconds(100))
            try await first.push()
            try await staying.event("push") { $0.event == "push" }
            staying.close()
        }
    }

    @Test("below the mark of what is gone a stream begins with a reset and everything that is kept, once")
    func pruned() async throws {
        try await withTwo { first, _ in
            for _ in 0..<5 { try await first.push() }
            try await first.database.write { db in
                try db.run("DELETE FROM feed_event WHERE id <= 3")
                try Feed.markPruned(upTo: 3, in: db)
            }
            let late = first.stream(after: 1)
            try await late.connect()
            let events = try await late.events(4)
            #expect(events.map(\.event) == ["reset", "onopen", "push", "push"])
            #expect(events.dropFirst().map(\.id) == ["0", "4", "5"])
            late.close()

            // A store of which nothing is kept: the stream's place is beyond the mark all the same.
            let quiet = first.stream(2, after: 1)
            try await quiet.connect()
            try await eventually("a place beyond the mark") { quiet.lastEventID == "5" }
            #expect(quiet.events.map(\.event) == ["reset", "onopen"])
            try await quiet.resume()
            try await quiet.events(2) { $0.event == "onopen" }
            #expect(quiet.events.map(\.event) == ["reset", "onopen", "onopen"])
            quiet.close()

            let current = first.stream(after: 3)
            try await current.connect()
            try await current.events(3)
            #expect(current.events.map(\.event) == ["onopen", "push", "push"])
            current.close()
        }
    }

    @Test("the time from an order to its push is counted once for each live stream, and not for a replay")
    func orderToPush() async throws {
        try await withTwo { first, second in
            let token = try Secrets.token()
            try await first.database.write { db in
                try db.run(
                    "INSERT INTO token(hash, kind, owner_id, expires_at) VALUES (?, 'ACCESS', 1, ?)",
                    Secrets.sha256(token), Timestamp.now.adding(.seconds(60)).milliseconds)
            }
            func order() async throws {
                let request = OrderRequest(storeID: 1, lines: [.init(menuID: 1, quantity: 1)])
                let id = try await Orders(database: first.database, news: OrderNews(instance: 1)).place(
                    request, by: .token(token)
                ).order.id
                try await first.database.write { [streams = first.streams] db in
                    if case .appended(let event) = try Feed.announce(order: id, traceParent: nil, in: db) {
                        db.afterCommit { streams.offer([event]) }
                    }
                }
            }
            try await order()
            let tabs = [try await second.liveStream(), try await second.liveStream()]
            let replay = second.stream(after: 0)
            try await replay.connect()
            try await replay.event("the replayed order") { $0.orderID != nil }
            #expect(second.metric("order_to_push_seconds_count") == "0")
            replay.close()
            try await order()
            for tab in tabs { try await tab.event("the order") { $0.orderID != nil } }
            try await eventually("both are counted") { second.metric("order_to_push_seconds_count") == "2" }
            let sum = try #require(second.metric("order_to_push_seconds_sum").flatMap { Double($0) })
            #expect(sum > 0 && sum < 20)
            #expect(first.metric("order_to_push_seconds_count") == "0")
            #expect(first.metric("order_to_log_seconds_count") == "2", "each order where it was appended")
            #expect(second.metric("order_to_log_seconds_count") == "0")
            for tab in tabs { tab.close() }
        }
    }
}
