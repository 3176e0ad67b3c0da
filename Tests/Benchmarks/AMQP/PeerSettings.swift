import FoundationEssentials

/// One measurement of one client, as it stands on a client's command line.
struct PeerSettings: Sendable {
    enum Mode: String, Sendable {
        case publish = "pub"
        case publishBatch = "pubbatch"
        case consume = "con"
        case consumeBatch = "conbatch"
        case roundTrip = "rtt"

        var consumes: Bool { self == .consume || self == .consumeBatch }
    }

    struct Place: Sendable {
        var host = "127.0.0.1"
        var port: UInt16 = 5672
        var virtualHost = "/"
        var user = "guest"
        var password = "guest"
    }

    var place = Place()
    var mode: Mode
    var count = 1000
    /// Octets of a body.
    var size = 20
    /// Publishes that may wait for their confirm.
    var window = 256
    var exchange = "delivery.exchange"
    var routingKey = "delivery.key"
    var queue = "delivery.queue"
    var prefetch: UInt16 = 50
    /// Above 1 each acknowledgement settles so many deliveries (`multiple`).
    var acknowledgeEvery = 1

    static let help = """
        bench amqp --mode MODE [OPTION]…: one client, one measurement, one line of JSON: messages, seconds, microseconds of
        user and system time between the first message and the last answer, VmHWM in KiB, latency in microseconds.

          --mode MODE          pub: publish with confirms, a call and an outcome for each message
                               pubbatch: arrays of half a window, an outcome for each message
                               con: take deliveries one by one and acknowledge them
                               conbatch: take what has arrived and acknowledge it together
                               rtt: publish and wait for the confirm, one by one
          --host H --port N --vhost V --user U --pass P
          --count N --size N   messages, octets of a body
          --window N           publishes that may wait for their confirm (256)
          --exchange E --key K --queue Q
          --prefetch N         (50)
          --ack-every N        1 acknowledges each delivery; N settles N at a time (1)

        The client works as one would who wants it fast: in a task on the connection's own event loop.
        """

    init(mode: Mode) { self.mode = mode }

    init(_ list: [String]) throws {
        self.init(mode: .publish)
        var arguments = Arguments(list)
        while let option = arguments.next() {
            switch option {
            case "--mode":
                let name = try arguments.value()
                guard let mode = Mode(rawValue: name) else { throw BenchmarkError("there is no mode \(name)") }
                self.mode = mode
            case "--host": place.host = try arguments.value()
            case "--port": place.port = try arguments.number(1...UInt16.max)
            case "--vhost": place.virtualHost = try arguments.value()
            case "--user": place.user = try arguments.value()
            case "--pass": place.password = try arguments.value()
            case "--count": count = try arguments.number(1...1_000_000_000)
            case "--size": size = try arguments.number(0...(64 << 20))
            case "--window": window = try arguments.number(1...1_000_000)
            case "--exchange": exchange = try arguments.value()
            case "--key": routingKey = try arguments.value()
            case "--queue": queue = try arguments.value()
            case "--prefetch": prefetch = try arguments.number(0...UInt16.max)
            case "--ack-every": acknowledgeEvery = try arguments.number(1...Int(UInt16.max))
            default: throw arguments.unknown(Self.help)
            }
        }
    }

    /// The same as a command line.
    var arguments: [String] {
        [
            "--host", place.host, "--port", "\(place.port)", "--vhost", place.virtualHost, "--user", place.user,
            "--pass", place.password, "--mode", mode.rawValue, "--count", "\(count)", "--size", "\(size)",
            "--window", "\(window)", "--exchange", exchange, "--key", routingKey, "--queue", queue,
            "--prefetch", "\(prefetch)", "--ack-every", "\(acknowledgeEvery)",
        ]
    }
}

extension PeerSettings.Place {
    var uri: String {
        "amqp://\(Self.escaped(user)):\(Self.escaped(password))@\(host):\(port)/\(Self.escaped(virtualHost))"
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { result, octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                result.append(Character(UnicodeScalar(octet)))
            default: result += "%\(digits[Int(octet >> 4)])\(digits[Int(octet & 15)])"
            }
        }
    }
}

/// What a client measured; also the line that it prints.
struct PeerResult: Codable, Sendable {
    var messages: Int
    var seconds: Double
    /// Microseconds of user and system time.
    var cpu: Double
    /// KiB.
    var memory: Int
    var p50: Double
    var p99: Double

    private enum CodingKeys: String, CodingKey {
        case messages = "n"
        case seconds = "secs"
        case cpu = "cpu_us"
        case memory = "rss_kb"
        case p50 = "p50_us"
        case p99 = "p99_us"
    }

    var perSecond: Double { Double(messages) / seconds }
    var cpuPerMessage: Double { cpu / Double(messages) }

    var line: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    /// From what a client has printed: its last line of JSON.
    init(output: String) throws {
        guard let line = output.split(separator: "\n").last(where: { $0.hasPrefix("{") }) else {
            throw BenchmarkError("the client printed no result: \(output)")
        }
        self = try JSONDecoder().decode(PeerResult.self, from: Data(line.utf8))
    }

    init(messages: Int, seconds: Double, cpu: Double, memory: Int, p50: Double, p99: Double) {
        self.messages = messages
        self.seconds = seconds
        self.cpu = cpu
        self.memory = memory
        self.p50 = p50
        self.p99 = p99
    }
}
