import CSystem
import Glibc

private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// Starts a thread with a name (at most 15 octets are kept, see prctl(2)) that the caller joins or detaches.
package func spawnThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> pthread_t {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(name: name, body: body))
    let code = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            let thread = Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
            thread.name.withCString { delivery_set_thread_name($0) }
            thread.body()
            return nil
        }, context.toOpaque())
    if code != 0 {
        context.release()
        throw SystemError("pthread_create", code: code)
    }
    return thread
}
