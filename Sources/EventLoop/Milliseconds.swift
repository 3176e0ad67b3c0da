extension Duration {
    /// Whole milliseconds, rounded up, for system calls that count in them. Nothing below zero, and a day at most.
    package var wholeMilliseconds: CInt {
        if self <= .zero { return 0 }
        if self >= .seconds(86_400) { return 86_400_000 }
        let (seconds, attoseconds) = components
        return CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
