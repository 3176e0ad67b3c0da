import PageFiles

/// One file of the pages: the html, style sheets, scripts and icons that a browser loads.
///
/// `@unchecked Sendable`: the octets are constants of the program, which nobody writes or frees.
package struct Page: @unchecked Sendable {
    /// File name, for example `store-main.js`.
    package let name: String
    /// What the file holds, for as long as the program runs.
    package let octets: UnsafeRawBufferPointer

    init(_ file: page_file) {
        name = String(cString: file.name)
        octets = UnsafeRawBufferPointer(start: file.octets, count: Int(file.count))
    }
}

/// The pages. They are part of the program: Sources/PageFiles puts them into it when it is built.
package enum Pages {
    /// Every file, in order of its name.
    package static let all: [Page] =
        (shared + store + customer + rider + settlement + documents).sorted { $0.name < $1.name }

    package static var ofStoreAdmin: [Page] { shared + store + rider + settlement + documents }
    package static var ofAPI: [Page] { shared + customer + documents }

    /// The file of that name, or nil.
    package static func named(_ name: String) -> Page? { all.first { $0.name == name } }

    /// The sign-in page with its error shown: the answer to a form that was refused, for a browser without scripts.
    package static func refused(_ login: Page) -> [UInt8] {
        Array(String(decoding: login.octets, as: UTF8.self).replacing(hiddenError, with: shownError).utf8)
    }

    private static let hiddenError = #"data-text="login.refused" hidden>"#
    private static let shownError = #"data-text="login.refused">"#

    private static let shared = pages(page_files_shared())
    private static let store = pages(page_files_store())
    private static let customer = pages(page_files_customer())
    private static let rider = pages(page_files_rider())
    private static let settlement = pages(page_files_settlement())
    private static let documents = pages(page_files_documents())

    private static func pages(_ files: page_files) -> [Page] {
        UnsafeBufferPointer(start: files.files, count: Int(files.count)).map { Page($0) }
    }
}
