import Glibc
import Synchronized

/// The context of one client configuration: made once, and made again when one of its files has changed, since
/// certificates are renewed while programs run.
package final class TLSContextSource: Sendable {
    /// What tells that a file has changed.
    private struct Mark: Equatable {
        var device: UInt
        var number: UInt
        var size: Int
        var modified: [Int]

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt(status.st_dev)
            number = UInt(status.st_ino)
            size = Int(status.st_size)
            modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }
    }

    package let configuration: TLSConfiguration
    private let files: [String]
    private let made = Lock<(marks: [Mark?], context: TLSContext)?>(nil)

    package init(_ configuration: TLSConfiguration) {
        self.configuration = configuration
        var files = [configuration.certificateFile, configuration.keyFile].compactMap(\.self)
        if case .file(let path) = configuration.trustRoots { files.append(path) }
        self.files = files
    }

    /// Looks at the files' dates, and reads them only if they have changed.
    /// - Throws: `TLSError.Kind.configuration`, naming the file.
    package func context() throws(TLSError) -> TLSContext {
        // Before they are read: a change meanwhile shows the next time.
        let marks = files.map(Mark.init)
        if let (known, context) = made.withLock({ $0 }), known == marks { return context }
        let context = try TLSContext(client: configuration)
        made.withLock { $0 = (marks, context) }
        return context
    }
}
