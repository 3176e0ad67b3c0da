import EventLoop
import Glibc

/// `--health`: asks the service that runs with the same settings. For containers, whose images have no curl.
enum HealthProbe {
    /// - Returns: the exit code: 0 when `/health/ready` answers 200.
    static func run(port: Int) -> CInt {
        do {
            let settings = try CommonSettings(.process, port: port)
            let host = settings.host == "0.0.0.0" ? "127.0.0.1" : settings.host == "::" ? "::1" : settings.host
            let status = try ask(host, settings.port, "\(settings.basePath)/health/ready")
            guard status == 200 else {
                writeToStandardError("not ready: HTTP \(status)")
                return 1
            }
            return 0
        } catch {
            writeToStandardError("not ready: \(error)")
            return 1
        }
    }

    private static func ask(_ host: String, _ port: Int, _ path: String) throws -> Int {
        let loop = try EventLoop(name: "health")
        try loop.start()
        let descriptor = try runBlocking(on: loop) {
            // A descriptor that is not copyable cannot cross; its number can, and is owned again below.
            try await loop.connect(host: host, port: port, timeout: .seconds(2)).take()
        }
        defer { close(descriptor) }
        _ = fcntl(descriptor, F_SETFL, 0)
        var limit = timeval(tv_sec: 3, tv_usec: 0)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        try system("send") { send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) }
        var reply = [UInt8](repeating: 0, count: 64)
        let count = try system("recv") { recv(descriptor, &reply, reply.count, CInt(MSG_WAITALL)) }
        // HTTP/1.1 200 …
        let words = String(decoding: reply.prefix(count), as: UTF8.self).split(separator: " ")
        return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }
}
