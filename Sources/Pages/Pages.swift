/// One file of the pages: the html, style sheets, scripts and icons that a browser loads.
package struct Page: Sendable {
    /// File name, for example `store-main.js`.
    package let name: String
    /// Value of the `Content-Type` field.
    package let contentType: String
    package let bytes: [UInt8]
}

/// The pages, embedded into the program when it is built.
package enum Pages {
    /// Every file, in order of its name.
    package static let all: [Page] =
        (shared + store + customer + rider + settlement + documents).sorted { $0.name < $1.name }

    package static let ofStoreAdmin = shared + store + rider + settlement + documents
    package static let ofAPI = shared + customer + documents

    /// What all pages share.
    package static let shared: [Page] = [
        Page(name: "favicon.svg", contentType: svg, bytes: PackageResources.favicon_svg),
        Page(name: "page-api.js", contentType: script, bytes: PackageResources.page_api_js),
        Page(name: "page-share.js", contentType: script, bytes: PackageResources.page_share_js),
        Page(name: "page-stream.js", contentType: script, bytes: PackageResources.page_stream_js),
        Page(name: "page-text.js", contentType: script, bytes: PackageResources.page_text_js),
        Page(name: "page-worker.js", contentType: script, bytes: PackageResources.page_worker_js),
        Page(name: "tokens.css", contentType: style, bytes: PackageResources.tokens_css),
    ]

    /// The file of that name, or nil.
    package static func named(_ name: String) -> Page? {
        byName[name]
    }

    /// The sign-in page with its error shown: the answer to a form that was refused, for a browser without scripts.
    package static let refusedLogin: Page? = named("store-login.html").map { page in
        let text = String(decoding: page.bytes, as: UTF8.self).replacing(hiddenError, with: shownError)
        return Page(name: page.name, contentType: page.contentType, bytes: Array(text.utf8))
    }

    private static let hiddenError = #"data-text="login.refused" hidden>"#
    private static let shownError = #"data-text="login.refused">"#

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    static let html = "text/html; charset=utf-8"
    static let script = "text/javascript; charset=utf-8"
    static let style = "text/css; charset=utf-8"
    static let svg = "image/svg+xml"
}
