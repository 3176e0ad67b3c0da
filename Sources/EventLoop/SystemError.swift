import Glibc

/// A system call that failed: its name and `errno`.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    package let call: String
    /// The value of `errno`, for example `ECONNREFUSED`.
    package let code: CInt

    package init(_ call: String, code: CInt = errno) {
        self.call = call
        self.code = code
    }

    /// The system's own text for the code.
    package var reason: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard strerror_r(code, buffer.baseAddress.unsafelyUnwrapped, buffer.count) == 0 else {
                return "error \(code)"
            }
            buffer[buffer.count - 1] = 0
            let text = String(cString: buffer.baseAddress.unsafelyUnwrapped)
            return text.isEmpty ? "error \(code)" : text
        }
    }

    package var description: String { "\(call): \(reason)" }
}

/// Calls `body` again while a signal interrupts it; a negative result becomes a `SystemError`.
@discardableResult
package func system<Result: SignedInteger>(
    _ call: StaticString, _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw SystemError("\(call)", code: code) }
    }
}

/// The result of a non-blocking transfer.
package enum Transfer: Equatable, Sendable {
    case octets(Int)
    case wouldBlock
}

/// As `system`, where `EAGAIN` is an answer and not an error.
package func transfer(_ call: StaticString, _ body: () -> Int) throws(SystemError) -> Transfer {
    while true {
        let result = body()
        if result >= 0 { return .octets(result) }
        let code = errno
        if code == EAGAIN || code == EWOULDBLOCK { return .wouldBlock }
        if code != EINTR { throw SystemError("\(call)", code: code) }
    }
}

/// A file descriptor that is closed when nobody owns it any more.
package struct OwnedDescriptor: ~Copyable, Sendable {
    package let number: CInt

    package init(_ number: CInt) { self.number = number }

    deinit { _ = close(number) }

    /// Gives the descriptor to the caller, who closes it.
    package consuming func take() -> CInt {
        let number = number
        discard self
        return number
    }
}
