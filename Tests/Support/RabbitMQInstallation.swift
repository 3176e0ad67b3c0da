import Foundation

/// Where RabbitMQ and its Erlang are: Debian's packages on this machine or, when `DELIVERY_RABBITMQ_ROOT` is set, those in
/// the root file system of another Debian in that folder, for example one made by
/// `debootstrap --variant=minbase --include=rabbitmq-server trixie FOLDER`.
struct RabbitMQInstallation {
    /// Of the other Debian; nil: this machine's.
    let root: String?
    /// RabbitMQ's own folder, as its processes see it.
    let path: String

    private static let variable = "DELIVERY_RABBITMQ_ROOT"

    static func find() throws -> RabbitMQInstallation {
        var root = ProcessInfo.processInfo.environment[variable] ?? ""
        while root.hasSuffix("/") { root.removeLast() }
        let parent = "/usr/lib/rabbitmq/lib"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + parent)) ?? []
        guard let name = names.filter({ $0.hasPrefix("rabbitmq_server-") }).max() else {
            throw SupportError("no RabbitMQ in \(root)\(parent): install the package rabbitmq-server there")
        }
        guard root.isEmpty || geteuid() == 0 else {
            throw SupportError("only root can start the RabbitMQ in \(variable)=\(root): it needs chroot(8)")
        }
        return RabbitMQInstallation(root: root.isEmpty ? nil : root, path: parent + "/" + name)
    }

    /// `4.0.5`, for example.
    var version: String { path.split(separator: "-").last.map(String.init) ?? "" }

    // A mount namespace of the process's own: what is mounted there ends with it, however it ends. The folder is in the
    // same place inside as outside.
    private static let inRoot = """
        set -e
        root=$1 folder=$2
        shift 2
        mount --rbind /proc "$root/proc"
        mount -t tmpfs tmpfs "$root/tmp"
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
        exec /usr/sbin/chroot "$root" "$@"
        """

    /// The command that runs one of the installation's programs, which sees the folder of temporary files. The process
    /// that it starts becomes the program.
    func command(_ program: String, _ arguments: [String]) -> (program: String, arguments: [String]) {
        guard let root else { return (program, arguments) }
        let folder = FileManager.default.temporaryDirectory.path
        let entering = ["--mount", "--propagation", "private", "sh", "-c", Self.inRoot, "sh", root, folder, program]
        return ("unshare", entering + arguments)
    }
}
