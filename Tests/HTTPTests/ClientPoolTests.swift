import EventLoop
import HTTP
import HTTPWire
import Support
import Testing

@Suite("Client: connections", .timeLimit(.minutes(1)))
struct ClientPoolTests {
    func run(
        _ connections: HTTPClient.Connections = HTTPClient.Connections(), to receiver: HTTPReceiver,
        _ body: (HTTPClient, HTTPURL) async throws -> Void
    ) async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let client = HTTPClient(on: group.first, connections: connections)
        let url = try #require(HTTPURL("http://127.0.0.1:\(receiver.port)/pay"))
        try await body(client, url)
    }

    @Test("calls that follow each other use one connection, also those of a copy of the client")
    func reuse() async throws {
        let receiver = try HTTPReceiver { .reply(200, body: "\($0.number)") }
        try await run(to: receiver) { client, url in
            for number in 1...50 {
                let copy = client
                let response = try await copy.send(.init(.post, url, body: Array("x".utf8)), within: .seconds(5))
                #expect(String(decoding: response.body, as: UTF8.self) == "\(number)")
            }
            #expect(receiver.connections == 1)
            #expect(receiver.received.allSatisfy { $0.fields["connection"] == nil })
            await client.closeIdle()
            try await eventually { receiver.openConnections == 0 }
        }
    }

    @Test("a client that keeps none says so")
    func none() async throws {
        let receiver = try HTTPReceiver()
        var connections = HTTPClient.Connections()
        connections.idle = 0
        try await run(connections, to: receiver) { client, url in
            for _ in 0..<3 { _ = try await client.send(.init(.post, url), within: .seconds(5)) }
            #expect(receiver.connections == 3)
            #expect(receiver.received.allSatisfy { $0.fields["connection"] == "close" })
        }
    }

    @Test("calls at the same time share as many connections as are allowed, and too many are refused")
    func bound() async throws {
        let receiver = try HTTPReceiver { _ in .after(0.02, .reply(204)) }
        var connections = HTTPClient.Connections()
        connections.perOrigin = 4
        connections.waiting = 40
        try await run(connections, to: receiver) { client, url in
            let outcomes = await withTaskGroup(of: UInt16.self) { tasks in
                for _ in 0..<50 {
                    tasks.addTask {
                        do {
                            return try await client.send(.init(.get, url), within: .seconds(10)).status.code
                        } catch let error as HTTPError {
                            return error.status.code
                        } catch {
                            return 0
                        }
                    }
                }
                var counts: [UInt16: Int] = [:]
                for await outcome in tasks { counts[outcome, default: 0] += 1 }
                return counts
            }
            #expect(outcomes == [204: 44, 503: 6])
            #expect(receiver.connections == 4)
        }
    }

    @Test("a call that gives up frees its place for those that wait, and those that gave up are passed over")
    func givingUp() async throws {
        let receiver = try HTTPReceiver { $0.number == 1 ? .silence : .reply(200) }
        var connections = HTTPClient.Connections()
        connections.perOrigin = 1
        try await run(connections, to: receiver) { client, url in
            let first = Task { try await client.send(.init(.get, url), within: .seconds(30)) }
            try await eventually { receiver.received.count == 1 }
            await #expect(throws: HTTPError.self) {
                _ = try await client.send(.init(.get, url), within: .milliseconds(20))
            }
            async let third = client.send(.init(.get, url), within: .seconds(30)).status
            first.cancel()
            #expect(try await third == .ok)
            await #expect(throws: CancellationError.self) { _ = try await first.value }
            #expect(receiver.received.count == 2)
        }
    }

    @Test("a connection that the peer ends between two calls is not used again")
    func endedWhileIdle() async throws {
        let receiver = try HTTPReceiver { _ in .reply(200) }
        try await run(to: receiver) { client, url in
            for round in 1...20 {
                let response = try await client.send(.init(.post, url), within: .seconds(5))
                #expect(response.status == .ok)
                receiver.endConnections()
                // The loop need not have seen the end: the next call looks for it.
                try await eventually { receiver.openConnections == 0 }
                #expect(receiver.connections == round)
            }
        }
    }

    @Test(
        "a request on a used connection that ends without a word is sent again only if it may be repeated",
        arguments: [(HTTPMethod.get, nil, 3), (.post, nil, 2), (.post, true, 3), (.get, false, 2)]
            as [(HTTPMethod, Bool?, Int)])
    func repeating(method: HTTPMethod, isRepeatable: Bool?, sent: Int) async throws {
        let receiver = try HTTPReceiver { $0.number == 2 ? .end : .reply(200) }
        try await run(to: receiver) { client, url in
            _ = try await client.send(.init(.get, url), within: .seconds(5))
            let request = HTTPClient.Request(method, url, isRepeatable: isRepeatable)
            if sent == 3 {
                let response = try await client.send(request, within: .seconds(5))
                #expect(response.status == .ok)
                #expect(receiver.connections == 2)
            } else {
                await #expect(throws: HTTPError.self) { _ = try await client.send(request, within: .seconds(5)) }
            }
            #expect(receiver.received.count == sent)
        }
    }

    @Test(
        "nothing is sent again on a new connection, nor after a word of the answer",
        arguments: [(1, "", 1), (2, "HTTP/1.1 200 OK\r\nContent-Le", 2)])
    func notRepeating(failing: Int, octets: String, sent: Int) async throws {
        let receiver = try HTTPReceiver { $0.number == failing ? .octets(Array(octets.utf8)) : .reply(200) }
        try await run(to: receiver) { client, url in
            if failing == 2 { _ = try await client.send(.init(.get, url), within: .seconds(5)) }
            await #expect(throws: HTTPError.self) { _ = try await client.send(.init(.get, url), within: .seconds(5)) }
            #expect(receiver.received.count == sent)
        }
    }

    @Test(
        "a connection on which more came than was asked for, or that is to be closed, is not used again",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", "a"),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nb", "b"),
            ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nc", "c"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nd", "d"),
        ])
    func unclean(octets: String, body: String) async throws {
        let receiver = try HTTPReceiver { request in
            // The client has to see by itself that this connection is of no use; unless the end is a part of the answer.
            let staysOpen = !octets.hasSuffix("the end")
            return request.number == 1
                ? .octets(Array(octets.utf8), staysOpen: staysOpen) : .reply(200, body: "own")
        }
        try await run(to: receiver) { client, url in
            let first = try await client.send(.init(.post, url), within: .seconds(5))
            #expect(String(decoding: first.body, as: UTF8.self) == body)
            let second = try await client.send(.init(.post, url), within: .seconds(5))
            #expect(String(decoding: second.body, as: UTF8.self) == "own")
            #expect(receiver.connections == 2)
        }
    }

    @Test("idle connections end after their time")
    func idleTime() async throws {
        let receiver = try HTTPReceiver { _ in .reply(200) }
        var connections = HTTPClient.Connections()
        connections.idleTime = .milliseconds(30)
        try await run(connections, to: receiver) { client, url in
            _ = try await client.send(.init(.get, url), within: .seconds(5))
            try await eventually { receiver.openConnections == 0 }
            _ = try await client.send(.init(.get, url), within: .seconds(5))
            #expect(receiver.connections == 2)
        }
    }
}
