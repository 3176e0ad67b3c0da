import AMQPWire
import Bytes
import Glibc
import Support

/// A broker that does what a test's script says: the server's side of the codec on a real socket of 127.0.0.1.
final class ScriptedBroker: Sendable {
    private let listener: CInt
    let port: UInt16

    init() throws {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(number, address, length) == 0 && listen(number, 16) == 0
                    && getsockname(number, address, &length) == 0
            }
        }
        guard bound else { throw SupportError("a listening socket: \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(listener) }

    var url: String { "amqp://guest:guest@127.0.0.1:\(port)/" }

    /// Takes the next connection and runs the script with it, on a thread of its own; then the connection is closed.
    @discardableResult
    func serve<Result: Sendable>(_ script: @escaping @Sendable (ScriptedPeer) throws -> Result) async throws -> Result {
        try await onOwnThread { [self] in
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 10_000) == 1 else { throw SupportError("nobody connected") }
            let peer = ScriptedPeer(accept(listener, nil, nil))
            defer { peer.close() }
            return try script(peer)
        }
    }
}

/// One client, seen from the broker. Used on its script's thread only.
final class ScriptedPeer {
    private let descriptor: CInt
    private var input: [UInt8] = []
    private var isClosed = false
    let parser = FrameParser(frameMax: 1 << 20)

    init(_ descriptor: CInt) { self.descriptor = descriptor }
    deinit { close() }

    func close() {
        // A child process that another test starts at this moment may hold the descriptor too: shutdown ends it for all.
        if !isClosed {
            shutdown(descriptor, CInt(SHUT_RDWR))
            Glibc.close(descriptor)
        }
        isClosed = true
    }

    // MARK: Octets

    func write(_ octets: [UInt8]) throws {
        var sent = 0
        while sent < octets.count {
            let count = octets[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SupportError("writing: \(errno)") }
            sent += count
        }
    }

    /// More octets; false at the end of the stream.
    private func fill() throws -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 10_000) == 1 else { throw SupportError("the client said nothing for 10 s") }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        input += buffer[..<count]
        return true
    }

    /// Reads and forgets what comes; false at the end of the stream.
    func discard() throws -> Bool {
        defer { input = [] }
        return try fill()
    }

    func readProtocolHeader() throws {
        while input.count < 8 {
            guard try fill() else { throw SupportError("the client left") }
        }
        guard Array(input[..<8]) == Array("AMQP".utf8) + [0, 0, 9, 1] else { throw SupportError("no protocol header") }
        input.removeFirst(8)
    }

    struct Received {
        var kind: Frame.Kind
        var channel: UInt16
        var payload: [UInt8]
    }

    /// The next frame; nil at the end of the stream.
    func frame() throws -> Received? {
        while true {
            let found = try input.withUnsafeBytes { bytes in
                try parser.next(bytes).map {
                    (Received(kind: $0.kind, channel: $0.channel, payload: Array($0.payload)), $0.size)
                }
            }
            if let (received, size) = found {
                input.removeFirst(size)
                return received
            }
            guard try fill() else { return nil }
        }
    }

    // MARK: Methods

    /// The next method, whatever content and heartbeats come before it.
    func method() throws -> (method: Method, channel: UInt16) {
        while let frame = try frame() {
            if frame.kind == .method {
                return (try frame.payload.withUnsafeBytes { try Method(payload: $0) }, frame.channel)
            }
        }
        throw SupportError("the client left")
    }

    /// Waits for a method that is meant; others before it are an error.
    @discardableResult
    func expect<Value>(_ pick: (Method) -> Value?) throws -> Value {
        let (method, _) = try method()
        guard let value = pick(method) else { throw SupportError("unexpected \(method)") }
        return value
    }

    func expect(_ id: MethodID) throws { try expect { $0.id == id ? () : nil } }

    func send(_ method: some MethodPayload, channel: UInt16 = 1) throws {
        var buffer = ByteBuffer()
        try buffer.append(method, channel: channel)
        try write(buffer.array)
    }

    func send(
        _ method: some MethodPayload, body: [UInt8], properties: BasicProperties = BasicProperties(),
        channel: UInt16 = 1
    ) throws {
        var buffer = ByteBuffer()
        try body.withUnsafeBytes {
            try buffer.append(method, properties: properties, body: $0, channel: channel, frameMax: 131_072)
        }
        try write(buffer.array)
    }

    // MARK: Common scenes

    static let start = ConnectionStart(
        serverProperties: ["capabilities": ["authentication_failure_close": true]],
        mechanisms: Array("PLAIN AMQPLAIN".utf8))

    func handshake(tune: ConnectionTune = ConnectionTune(channelMax: 2047, frameMax: 131_072, heartbeat: 60)) throws {
        try readProtocolHeader()
        try send(Self.start, channel: 0)
        try expect(ConnectionStartOk.id)
        try send(tune, channel: 0)
        try expect(ConnectionTuneOk.id)
        try expect(ConnectionOpen.id)
        try send(ConnectionOpenOk(), channel: 0)
    }

    func openChannel(_ number: UInt16 = 1) throws {
        try expect(ChannelOpen.id)
        try send(ChannelOpenOk(), channel: number)
    }

    /// Answers channel.close and connection.close as a broker does, until the client is gone.
    func farewell() throws {
        while let frame = try frame() {
            guard frame.kind == .method else { continue }
            switch try frame.payload.withUnsafeBytes({ try Method(payload: $0) }) {
            case .channelClose: try send(ChannelCloseOk(), channel: frame.channel)
            case .connectionClose: try send(ConnectionCloseOk(), channel: 0)
            default: break
            }
        }
    }
}
