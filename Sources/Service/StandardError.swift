import Glibc

/// Writes one line to standard error, for what is said before there is a log.
func writeToStandardError(_ line: String) {
    let octets = Array((line + "\n").utf8)
    _ = write(STDERR_FILENO, octets, octets.count)
}
