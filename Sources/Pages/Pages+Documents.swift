extension Pages {
    /// The page on which the API can be tried.
    package static let documents: [Page] = []
}
