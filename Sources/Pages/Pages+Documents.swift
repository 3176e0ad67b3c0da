extension Pages {
    /// The page on which the API can be tried.
    package static let documents: [Page] = [
        Page(name: "docs-call.js", contentType: script, bytes: PackageResources.docs_call_js),
        Page(name: "docs-form.js", contentType: script, bytes: PackageResources.docs_form_js),
        Page(name: "docs-login.js", contentType: script, bytes: PackageResources.docs_login_js),
        Page(name: "docs-main.js", contentType: script, bytes: PackageResources.docs_main_js),
        Page(name: "docs-operation.js", contentType: script, bytes: PackageResources.docs_operation_js),
        Page(name: "docs-schema.js", contentType: script, bytes: PackageResources.docs_schema_js),
        Page(name: "docs-stream.js", contentType: script, bytes: PackageResources.docs_stream_js),
        Page(name: "docs-text.js", contentType: script, bytes: PackageResources.docs_text_js),
        Page(name: "docs.css", contentType: style, bytes: PackageResources.docs_css),
        Page(name: "docs.html", contentType: html, bytes: PackageResources.docs_html),
    ]
}
