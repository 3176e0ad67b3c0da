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
    package static let all: [Page] = [
        Page(name: "dead-letters-text.js", contentType: script, bytes: PackageResources.dead_letters_text_js),
        Page(name: "dead-letters.css", contentType: style, bytes: PackageResources.dead_letters_css),
        Page(name: "dead-letters.html", contentType: html, bytes: PackageResources.dead_letters_html),
        Page(name: "dead-letters.js", contentType: script, bytes: PackageResources.dead_letters_js),
        Page(name: "favicon.svg", contentType: svg, bytes: PackageResources.favicon_svg),
        Page(name: "store-api.js", contentType: script, bytes: PackageResources.store_api_js),
        Page(name: "store-cards.js", contentType: script, bytes: PackageResources.store_cards_js),
        Page(name: "store-login.html", contentType: html, bytes: PackageResources.store_login_html),
        Page(name: "store-login.js", contentType: script, bytes: PackageResources.store_login_js),
        Page(name: "store-main.html", contentType: html, bytes: PackageResources.store_main_html),
        Page(name: "store-main.js", contentType: script, bytes: PackageResources.store_main_js),
        Page(name: "store-notices.js", contentType: script, bytes: PackageResources.store_notices_js),
        Page(name: "store-orders.js", contentType: script, bytes: PackageResources.store_orders_js),
        Page(name: "store-share.js", contentType: script, bytes: PackageResources.store_share_js),
        Page(name: "store-snapshot.js", contentType: script, bytes: PackageResources.store_snapshot_js),
        Page(name: "store-sound.js", contentType: script, bytes: PackageResources.store_sound_js),
        Page(name: "store-stream.js", contentType: script, bytes: PackageResources.store_stream_js),
        Page(name: "store-text.js", contentType: script, bytes: PackageResources.store_text_js),
        Page(name: "store-worker.js", contentType: script, bytes: PackageResources.store_worker_js),
        Page(name: "store.css", contentType: style, bytes: PackageResources.store_css),
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

    private static let html = "text/html; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"
    private static let style = "text/css; charset=utf-8"
    private static let svg = "image/svg+xml"
}
