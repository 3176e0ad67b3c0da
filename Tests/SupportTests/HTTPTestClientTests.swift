import Support
import Testing

@Suite("The tests' own HTTP client")
struct HTTPTestClientTests {
    @Test("connections are kept, bodies of every kind are read")
    func keepAlive() async throws {
        let connections = Guarded(0)
        let server = try TestListener { socket in
            connections.update { $0 += 1 }
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\nx-a: 2\r\n\r\none",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3;a=b\r\n{\"i\r\n6\r\nd\": 7}\r\n0\r\nTrailer: x\r\n\r\n",
                "HTTP/1.1 204 No Content\r\nSet-Cookie: user_session=abc; HttpOnly\r\n\r\n",
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
            ] {
                var request = ""
                while !request.contains("\r\n\r\n") { request += String(decoding: try socket.read(), as: UTF8.self) }
                for byte in answer.utf8 { try socket.write([byte]) }
            }
        }
        let client = HTTPTestClient(port: server.port)
        let first = try await client.get("/")
        #expect(first.text == "one")
        #expect(first.headers(named: "X-A") == ["1", "2"])
        let second = try await client.post("/", json: ["a": [1, 2.5, nil, true]])
        #expect(second.status == 201)
        #expect(second.json["id"].int == 7)
        #expect(try await client.send("DELETE", "/").cookie("user_session") == "abc")
        #expect(try await client.get("/").text == "to the end")
        #expect(connections.read { $0 } == 1)
    }

    @Test("an idle connection that the server has closed is not used again")
    func stale() async throws {
        let server = try TestListener { socket in
            _ = try socket.read()
            try socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        let client = HTTPTestClient(port: server.port)
        for _ in 0..<20 {
            #expect(try await client.get("/").text == "ok")
            try await eventually("the end of the connection") { client.idleIsStale }
        }
    }

    @Test("JSON survives the way through text")
    func json() throws {
        let value: JSONValue = ["a": [1, true, nil, "문자", 1.5], "b": ["c": -3]]
        #expect(try JSONValue(parsing: value.bytes) == value)
        #expect(value["a"][3].string == "문자")
        #expect(value["nothing"][9]["x"].isNull)
    }
}
