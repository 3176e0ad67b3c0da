import FoundationEssentials
import Glibc

/// nginx in the foreground, as one process, with all its files in one folder.
struct Nginx {
    let child: Child
    let port: Int
    let version: String

    private static let module = "/usr/lib/nginx/modules/ngx_nchan_module.so"

    /// - Parameter nchan: with the module for event streams: GET /sub, POST /pub.
    static func start(in folder: String, nchan: Bool = false) throws -> Nginx {
        let program = try find("nginx", package: "nginx wrk")
        if nchan, access(module, R_OK) != 0 {
            throw BenchmarkError("nchan is not installed; on Debian and Ubuntu: apt-get install libnginx-mod-nchan")
        }
        let port = try Probe.freePort()
        let configuration = """
            daemon off; master_process off; worker_processes 1; pid \(folder)/nginx.pid;
            \(nchan ? "load_module \(module);" : "")
            worker_rlimit_nofile 60000;
            events { worker_connections 55000; multi_accept on; }
            http {
              \(nchan ? "nchan_shared_memory_size 512M;" : "")
              access_log off; keepalive_requests 1000000000; tcp_nodelay on;
              client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy;
              fastcgi_temp_path \(folder)/fastcgi; uwsgi_temp_path \(folder)/uwsgi; scgi_temp_path \(folder)/scgi;
              server {
                listen 127.0.0.1:\(port) backlog=4096;
                location = /json { default_type application/json; return 200 '\(HTTPBenchmark.body)'; }
                \(nchan ? channel : "")
              }
            }
            """
        let file = "\(folder)/nginx.conf"
        try Data(configuration.utf8).write(to: URL(filePath: file))
        let errors = "\(folder)/nginx.log"
        let child = try Child(program, ["-p", folder, "-e", errors, "-c", file], log: errors)
        for _ in 0..<200 {
            if (try? Probe.get("/json", port: port)) != nil {
                return Nginx(child: child, port: port, version: try version(program, folder))
            }
            usleep(10_000)
        }
        let log = (try? String(contentsOf: URL(filePath: errors), encoding: .utf8)) ?? ""
        throw BenchmarkError("nginx did not start: \(log)")
    }

    private static let channel = """
        location = /sub { nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest;
          nchan_eventsource_ping_interval 0; }
        location = /pub { nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 64;
          nchan_message_timeout 30s; }
        """

    private static func version(_ program: String, _ folder: String) throws -> String {
        // It says so on standard error.
        let log = "\(folder)/version"
        let child = try Child(program, ["-v"], log: log)
        _ = child.waitForEnd()
        let text = try String(contentsOf: URL(filePath: log), encoding: .utf8)
        return text.split(separator: "/").last.map { "nginx " + $0.split(separator: "\n")[0] } ?? "nginx"
    }
}
