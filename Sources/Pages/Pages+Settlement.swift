extension Pages {
    /// The page of a store's settlement.
    package static let settlement: [Page] = [
        Page(name: "settlement-text.js", contentType: script, bytes: PackageResources.settlement_text_js),
        Page(name: "settlement.css", contentType: style, bytes: PackageResources.settlement_css),
        Page(name: "settlement.html", contentType: html, bytes: PackageResources.settlement_html),
        Page(name: "settlement.js", contentType: script, bytes: PackageResources.settlement_js),
    ]
}
