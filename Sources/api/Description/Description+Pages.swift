import OpenAPI
import Web

extension Description {
    static let pages: [Operation] = [
        Operation(
            .get, "/", "getRoot", .pages, "The customer's page", for: .everybodyOrCustomers, parameters: [.known],
            replies: [.page("The page."), .notModified])
    ]
}
