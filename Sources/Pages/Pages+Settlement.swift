extension Pages {
    /// The page of a store's settlement.
    package static let settlement: [Page] = []
}
