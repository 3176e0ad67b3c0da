/// A server of somebody else that is measured beside ours.
struct PeerServer {
    static let help = """
          --peer NAME=COMMAND  another server, in which {port} stands for the port where it has to listen; may be given
                               again
        """

    let name: String
    let child: Child
    let port: Int

    /// Starts it; returns when it accepts connections.
    init(_ candidate: Candidate) throws {
        name = candidate.name
        port = try Probe.freePort()
        let port = self.port
        child = try Child(
            candidate.program, candidate.arguments.map { $0.replacing("{port}", with: "\(port)") }, log: "/dev/null")
        try Probe.waitUntilListening(port)
    }

    /// Takes the peers from a command line.
    static func candidates(_ list: inout [String]) throws -> [Candidate] {
        var peers: [Candidate] = []
        while let index = list.firstIndex(of: "--peer") {
            guard index + 1 < list.count else { throw BenchmarkError("--peer needs a value") }
            peers.append(try Candidate(list[index + 1]))
            list.removeSubrange(index...index + 1)
        }
        return peers
    }
}
