import EventLoop
import FoundationEssentials
import Glibc

/// The sink as a process of its own: this program, started with `amqp-sink`.
enum SinkProcess {
    static let command = "amqp-sink"

    static let help = """
        bench amqp-sink [OPTION]…: an AMQP broker that checks all and routes nothing. It prints its port, and for each
        connection that ends a line of JSON with what went over it.

          --port N           where it listens on 127.0.0.1; 0 takes a free port (0)
          --body-size N      octets of the bodies that it delivers (20)
          --flood N          deliveries to a consumer; 0 means without end (0)
          --confirm-every N  most publishes that one confirm settles (32)
          --attached         ends when its standard input does, instead of by a signal
        """

    static func start(bodySize: Int, flood: Int) throws -> (child: Child, port: Int) {
        let child = try Child(
            Options.ownPath, [command, "--attached", "--body-size", "\(bodySize)", "--flood", "\(flood)"])
        guard let port = child.readLine().flatMap({ Int($0) }) else { throw BenchmarkError("the sink did not start") }
        return (child, port)
    }

    static func run(_ list: [String]) throws {
        var settings = SinkChannel.Settings()
        var port: UInt16 = 0
        var isAttached = false
        var arguments = Arguments(list)
        while let option = arguments.next() {
            switch option {
            case "--port": port = try arguments.number(0...UInt16.max)
            case "--body-size": settings.bodySize = try arguments.number(0...(64 << 20))
            case "--flood":
                let count = try arguments.number(0...Int.max)
                settings.flood = count == 0 ? nil : count
            case "--confirm-every": settings.confirmEvery = try arguments.number(1...UInt64(1 << 32))
            case "--attached": isAttached = true
            case "--help": return print(help)
            default: throw arguments.unknown(help)
            }
        }
        guard let address = SocketAddress.numeric("127.0.0.1", port: Int(port)) else {
            throw BenchmarkError("127.0.0.1 is no address")
        }
        let loop = try EventLoop(name: "sink")
        let final = settings
        loop.execute {
            do throws(SystemError) {
                let listener = try Listener(address, on: loop) { descriptor, _ in
                    _ = try? SinkConnection(descriptor, on: loop, final, ended: report)
                }
                print(listener.address.port)
                fflush(nil)
            } catch {
                BenchmarkError.warn("cannot listen on \(address): \(error)")
                exit(1)
            }
        }
        try loop.start()
        var octet: UInt8 = 0
        while isAttached, read(0, &octet, 1) > 0 {}
        if isAttached { loop.stop() }
        loop.join()
    }

    private static func report(_ totals: SinkTotals) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let line = try? encoder.encode(totals) else { return }
        print(String(decoding: line, as: UTF8.self))
        fflush(nil)
    }
}

extension BenchmarkError {
    static func warn(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = write(2, line, line.count)
    }
}
