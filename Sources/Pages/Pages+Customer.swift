extension Pages {
    /// The customer's page.
    package static let customer: [Page] = []
}
