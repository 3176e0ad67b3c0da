extension Pages {
    /// The rider's page.
    package static let rider: [Page] = [
        Page(name: "rider-deliveries.js", contentType: script, bytes: PackageResources.rider_deliveries_js),
        Page(name: "rider-feed.js", contentType: script, bytes: PackageResources.rider_feed_js),
        Page(name: "rider-main.html", contentType: html, bytes: PackageResources.rider_main_html),
        Page(name: "rider-main.js", contentType: script, bytes: PackageResources.rider_main_js),
        Page(name: "rider-notices.js", contentType: script, bytes: PackageResources.rider_notices_js),
        Page(name: "rider-rows.js", contentType: script, bytes: PackageResources.rider_rows_js),
        Page(name: "rider-text.js", contentType: script, bytes: PackageResources.rider_text_js),
        Page(name: "rider-worker.js", contentType: script, bytes: PackageResources.rider_worker_js),
        Page(name: "rider.css", contentType: style, bytes: PackageResources.rider_css),
    ]
}
