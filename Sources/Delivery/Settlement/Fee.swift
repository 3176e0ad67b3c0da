/// What the platform keeps of a sale.
package struct Fee: Equatable, Sendable {
    /// Hundredths of a percent, 0 to 10,000.
    package let basisPoints: Int

    /// Brought between 0 and 10,000.
    package init(basisPoints: Int) { self.basisPoints = min(max(basisPoints, 0), 10_000) }

    /// Of an amount in won, in whole won; half a won is rounded up.
    package func of(_ amount: Int) -> Int {
        // In two parts, since the product might be too large.
        let (whole, rest) = max(amount, 0).quotientAndRemainder(dividingBy: 10_000)
        return whole * basisPoints + (rest * basisPoints + 5_000) / 10_000
    }
}
