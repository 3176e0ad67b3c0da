extension Pages {
    /// The rider's page.
    package static let rider: [Page] = []
}
