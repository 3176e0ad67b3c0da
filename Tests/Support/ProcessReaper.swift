import Foundation
import Glibc
import Synchronized

/// A small shell beside the test process that outlives it by a moment: when the pipe to it closes, because the tests are
/// over, crashed or were killed, it kills every session the tests started and removes their temporary folders.
final class ProcessReaper: Sendable {
    static let shared = ProcessReaper()

    private struct State {
        var pipe: Int32 = -1
        var process: pid_t = 0
    }

    private let state = Lock(State())

    // A session is found through /proc, since a child may have made process groups of its own in it.
    private static let script = #"""
        sessions=" "; folders=""
        trap '' INT TERM HUP
        while IFS=' ' read -r verb what; do
            case $verb in
                session) sessions="$sessions$what " ;;
                ended) sessions="${sessions%% $what *} ${sessions#* $what }" ;;
                folder) folders="$folders$what
        " ;;
                removed) folders=$(printf '%s\n' "$folders" | grep -vxF -- "$what")
        folders="$folders
        " ;;
            esac
        done
        for stat in /proc/[0-9]*/stat; do
            { read -r line < "$stat"; } 2>/dev/null || continue
            pid=${line%% *}
            set -- ${line##*) }
            case $sessions in *" $4 "*) kill -KILL "$pid" 2>/dev/null ;; esac
        done
        [ -z "$folders" ] || sleep 0.1
        printf '%s' "$folders" | while IFS= read -r folder; do
            case $folder in */delivery-*) rm -rf -- "$folder" ;; esac
        done
        """#

    private init() {
        guard let ends = try? Spawn.pipe() else { return }
        let process = try? Spawn.process(
            "/bin/sh", ["-c", Self.script], environment: ["PATH": "/usr/bin:/bin"], input: ends.reading)
        close(ends.reading)
        state.withLock { $0 = State(pipe: ends.writing, process: process ?? 0) }
        atexit { ProcessReaper.shared.finish() }
    }

    func watch(session: pid_t) { tell("session \(session)") }
    func forget(session: pid_t) { tell("ended \(session)") }
    func watch(folder: String) { tell("folder \(folder)") }
    func forget(folder: String) { tell("removed \(folder)") }

    private func tell(_ line: String) {
        state.withLock { state in
            guard state.pipe >= 0 else { return }
            let bytes = Array((line + "\n").utf8)
            _ = send(state.pipe, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// Ends what is left and waits until it is gone.
    private func finish() {
        let process = state.withLock { state in
            if state.pipe >= 0 { close(state.pipe) }
            state.pipe = -1
            return state.process
        }
        if process > 0 { waitpid(process, nil, 0) }
    }
}
