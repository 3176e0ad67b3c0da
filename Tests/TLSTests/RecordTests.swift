import Bytes
import COpenSSL
import Support
import TLS
import Testing

@Suite("TLS: records")
struct TLSRecordTests {
    func established(_ setting: Setting? = nil, adjust: (OpaquePointer, OpaquePointer) -> Void = { _, _ in }) throws
        -> Conversation
    {
        let setting = try setting ?? Setting()
        let pair = try Conversation(client: setting.client, server: setting.server, adjust: adjust)
        pair.run()
        try #require(pair.client.engine.isEstablished && pair.server.engine.isEstablished)
        return pair
    }

    @Test("carry octets of any number both ways, at most 16 KiB each", arguments: [1, 16_383, 16_384, 16_385, 1 << 20])
    func sizes(_ count: Int) throws {
        let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let pair = try established()
        #expect(try pair.client.send(octets) == count)
        let records = (count + 16_383) / 16_384
        // A record adds its header, the content type and the tag (RFC 8446, section 5.2).
        #expect(pair.client.wire.count == count + records * 22)
        #expect(try pair.server.send(octets) == count)
        pair.run(step: 65_536)
        #expect(pair.server.heard == octets)
        #expect(pair.client.heard == octets)
    }

    @Test("hold no more than what came and one record", arguments: [1000, 65_536])
    func bounded(_ step: Int) throws {
        let pair = try established()
        let octets = [UInt8](repeating: 1, count: 1 << 20)
        _ = try pair.client.send(octets)
        var rest = pair.client.takeWire()[...]
        var heard = 0
        while !rest.isEmpty {
            pair.server.receive(Array(rest.prefix(step)))
            rest = rest.dropFirst(step)
            #expect(pair.server.heard.count - heard <= step + 16_384)
            heard = pair.server.heard.count
        }
        #expect(heard == octets.count)
    }

    @Test("follow each other across key updates, and one that asks for many is answered in bounds")
    func keyUpdate() throws {
        let pair = try established()
        for round in 0..<1000 {
            #expect(SSL_key_update(pair.client.engine.pointer, SSL_KEY_UPDATE_REQUESTED) == 1)
            _ = try pair.client.send([UInt8(round & 0xFF)])
            // The server is asked each time and sends nothing itself.
            pair.server.receive(pair.client.takeWire())
        }
        #expect(pair.server.heard.count == 1000)
        #expect(pair.server.wire.count < 100_000)
        _ = try pair.server.send([7])
        pair.run()
        #expect(pair.client.heard == [7])
        #expect(pair.client.failure == nil && pair.server.failure == nil)
    }

    @Test("that were changed on the way end the connection")
    func changed() throws {
        let pair = try established()
        _ = try pair.client.send([1, 2, 3])
        var record = pair.client.takeWire()
        record[record.count - 1] ^= 1
        pair.server.receive(record)
        #expect(pair.server.failure?.kind == .broken)
        #expect(pair.server.heard == [])
        // The alert tells the client; from then on the engine only repeats why.
        pair.run()
        #expect(pair.client.failure?.kind == .refused)
        #expect(throws: TLSError.self) { try pair.server.send([1]) }
    }

    @Test("end with close_notify, and without it the end is an error")
    func ending() throws {
        let pair = try established()
        _ = try pair.client.send([1])
        pair.client.finish()
        pair.client.finish()
        pair.run()
        #expect(pair.server.heard == [1])
        #expect(pair.server.engine.hasEnded)
        try pair.server.engine.peerDidEnd()
        // The other direction is still open.
        _ = try pair.server.send([2])
        pair.run()
        #expect(pair.client.heard == [2])
        let error = #expect(throws: TLSError.self) { try pair.client.engine.peerDidEnd() }
        #expect(error?.kind == .truncated)
    }

    @Test("that do not come: an end during the handshake is an error that says so")
    func endOfHandshake() throws {
        let pair = try Setting().conversation()
        let error = #expect(throws: TLSError.self) { try pair.client.engine.peerDidEnd() }
        #expect(error?.kind == .truncated)
        #expect(error?.message.contains("handshake") == true)
    }

    @Test(
        "of another protocol are told as such, from the first octet on",
        arguments: ["AMQP\0\0\u{9}\u{1}", "HTTP/1.1 400 Bad", "A", "\u{1}\0\0"])
    func otherProtocol(_ text: String) throws {
        for isClient in [true, false] {
            let pair = try Setting().conversation()
            let side = isClient ? pair.client : pair.server
            side.receive(Array(text.utf8))
            #expect(side.failure?.kind == .mismatch)
            #expect(side.failure?.message.contains(text.prefix(1) == "\u{1}" ? "?" : text.prefix(4)) == true)
        }
    }

    @Test("that begin like TLS and are none end it without a trap")
    func garbage() throws {
        var random = SystemRandomNumberGenerator()
        let setting = try Setting()
        for _ in 0..<500 {
            let pair = try setting.conversation()
            var octets = (0..<Int.random(in: 5...300)).map { _ in UInt8.random(in: 0...255, using: &random) }
            octets.replaceSubrange(0..<5, with: [22, 3, 3, 0, UInt8.random(in: 0...255, using: &random)])
            pair.client.receive(octets)
            pair.client.receive([UInt8](repeating: 0, count: 20_000))
            #expect(pair.client.failure != nil)
            #expect(pair.client.heard == [])
        }
    }

    @Test("of a renegotiation are refused")
    func renegotiation() throws {
        let pair = try established(adjust: { client, server in
            _ = delivery_ctx_set_max_version(client, TLS1_2_VERSION)
            // What the server's side must refuse, the client's has to be allowed to ask.
            // SSL_OP_NO_RENEGOTIATION, a macro that is not imported.
            _ = SSL_CTX_clear_options(client, 1 << 30)
        })
        #expect(SSL_renegotiate(pair.client.engine.pointer) == 1)
        // It begins a second handshake, so nothing is taken.
        #expect(try pair.client.send([1]) == 0)
        let hello = pair.client.takeWire()
        #expect(hello.count > 100)
        pair.server.receive(hello)
        // The answer is an alert (a header of 5 octets, a nonce of 8, the alert, a tag of 16) and no handshake.
        let answer = pair.server.takeWire()
        #expect(answer.count == 31 && answer.first == 21)
        #expect(SSL_is_init_finished(pair.server.engine.pointer) == 1)
        pair.client.receive(answer)
        #expect(pair.client.failure != nil)
        #expect(pair.server.heard == [])
    }
}
