import AMQPWire
import Bytes
import Testing

@Suite("Basic properties")
struct PropertiesTests {
    static let all = BasicProperties(
        contentType: "a", contentEncoding: "b", headers: ["h": .void], deliveryMode: .persistent, priority: 9,
        correlationID: "c", replyTo: "d", expiration: "60000", messageID: "e", timestamp: 1, type: "f", userID: "g",
        appID: "i", clusterID: "j")

    @Test("all fourteen properties in their order, flags from bit 15 down")
    func everything() throws {
        let wire = octets(
            """
            FFFC 01'a' 01'b' 00000003 01'h''V' 02 09 01'c' 01'd' 05'60000' 01'e' 0000000000000001 01'f' 01'g' 01'i' 01'j'
            """)
        #expect(try encoded { try $0.append(properties: Self.all) } == wire)
        #expect(try read(wire) { try $0.properties() } == Self.all)
        #expect(BasicProperties(checked: wire) == Self.all)
        try read(wire) { reader in
            try reader.skipProperties()
            #expect(reader.isAtEnd)
        }
    }

    static let single: [(BasicProperties.Text, String)] = [
        (.contentType, "8000"), (.contentEncoding, "4000"), (.correlationID, "0400"), (.replyTo, "0200"),
        (.expiration, "0100"), (.messageID, "0080"), (.type, "0020"), (.userID, "0010"), (.appID, "0008"),
        (.clusterID, "0004"),
    ]

    @Test("each text has its own flag", arguments: single)
    func flag(_ text: BasicProperties.Text, _ flag: String) throws {
        var properties = BasicProperties()
        properties.setOctets([0x78], of: text)
        #expect(try encoded { try $0.append(properties: properties) } == octets(flag + "01'x'"))
        #expect(try read(octets(flag + "01'x'")) { try $0.properties() } == properties)
    }

    @Test("absent is neither zero nor empty")
    func absent() throws {
        #expect(try encoded { try $0.append(properties: BasicProperties()) } == octets("0000"))
        let zero = BasicProperties(contentType: "", headers: [:], priority: 0, timestamp: 0)
        let wire = octets("A840 00 00000000 00 0000000000000000")
        #expect(try encoded { try $0.append(properties: zero) } == wire)
        let back = try read(wire) { try $0.properties() }
        #expect(back == zero)
        #expect(back != BasicProperties())
        #expect(back.messageID == nil)
    }

    @Test("further words of flags and octets at the end are passed over")
    func continuation() throws {
        let properties = try read(octets("8001 0003 8000 01'x' DEADBEEF")) { try $0.properties() }
        #expect(properties == BasicProperties(contentType: "x"))
    }

    @Test("a property that is not UTF-8 keeps its octets until it is changed")
    func binary() throws {
        let wire = octets("0480 04 FF00FE01 02 'id'")
        var properties = try read(wire) { try $0.properties() }
        #expect(properties.octets(of: .correlationID) == [0xFF, 0, 0xFE, 1])
        #expect(try encoded { try $0.append(properties: properties) } == wire)
        properties.correlationID = "c"
        #expect(try encoded { try $0.append(properties: properties) } == octets("0480 01'c' 02'id'"))
        var reply = BasicProperties()
        reply.setOctets([0xC0], of: .correlationID)
        #expect(try encoded { try $0.append(properties: reply) } == octets("0400 01 C0"))
    }

    @Test(
        "properties that end early are refused",
        arguments: ["80", "8000", "8000 05'abc'", "2000 00000005 01", "0040 00", "0001"])
    func short(_ text: String) {
        #expect(throws: AMQPError.self) { try read(octets(text)) { try $0.properties() } }
        #expect(throws: AMQPError.self) { try read(octets(text)) { try $0.skipProperties() } }
    }

    @Test("a text of 256 octets is refused")
    func long() {
        let properties = BasicProperties(messageID: String(repeating: "é", count: 128))
        #expect(throws: AMQPError.self) { try encoded { try $0.append(properties: properties) } }
    }

    @Test(
        "properties that are held in place, and those that are not, are the same",
        arguments: [0, 1, 40, 44, 45, 46, 47, 200])
    func held(_ size: Int) throws {
        let properties = size == 0 ? BasicProperties() : BasicProperties(messageID: String(repeating: "m", count: size))
        let wire = try encoded { try $0.append(properties: properties) }
        let held = wire.withUnsafeBytes { PropertyOctets($0) }
        #expect(held.count == (size == 0 ? 0 : size + 3))
        #expect(BasicProperties(held) == properties)
    }
}
