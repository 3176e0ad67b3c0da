import Foundation
import Testing

@testable import Pages

@Suite("Pages")
struct PagesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/Pages/Resources")

    private var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: Self.folder.path()).sorted() }
    }

    @Test("every file of the folder is part of the program, and no other")
    func names() throws {
        #expect(try Pages.all.map(\.name) == files)
    }

    @Test("a file is in the program as it is in the folder")
    func contents() throws {
        for page in Pages.all {
            let file = try Data(contentsOf: Self.folder.appending(path: page.name))
            #expect(Data(page.octets) == file, "\(page.name)")
        }
    }

    @Test("a file is found by its name")
    func named() {
        #expect(Pages.named("tokens.css")?.name == "tokens.css")
        #expect(Pages.named("nothing.css") == nil)
    }

    @Test("each service has all files but the other's pages")
    func services() throws {
        let all = Set(try files)
        let ofCustomers = all.filter { $0.hasPrefix("customer") }
        #expect(Set(Pages.ofStoreAdmin.map(\.name)) == all.subtracting(ofCustomers))
        let ofBoth = all.filter { name in ["docs", "page-", "favicon", "tokens"].contains { name.hasPrefix($0) } }
        #expect(Set(Pages.ofAPI.map(\.name)) == ofCustomers.union(ofBoth))
    }

    @Test("the answer to a refused login shows the error that the page hides")
    func refused() throws {
        let login = try #require(Pages.named("store-login.html"))
        let shown = String(decoding: Pages.refused(login), as: UTF8.self)
        #expect(shown.contains(#"data-text="login.refused">"#))
        #expect(String(decoding: login.octets, as: UTF8.self).contains(#"data-text="login.refused" hidden>"#))
    }
}
