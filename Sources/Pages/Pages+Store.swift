extension Pages {
    /// The pages of those who log in at `store-admin`: stores and operators.
    package static let store: [Page] = [
        Page(name: "dead-letters-text.js", contentType: script, bytes: PackageResources.dead_letters_text_js),
        Page(name: "dead-letters.css", contentType: style, bytes: PackageResources.dead_letters_css),
        Page(name: "dead-letters.html", contentType: html, bytes: PackageResources.dead_letters_html),
        Page(name: "dead-letters.js", contentType: script, bytes: PackageResources.dead_letters_js),
        Page(name: "store-cards.js", contentType: script, bytes: PackageResources.store_cards_js),
        Page(name: "store-feed.js", contentType: script, bytes: PackageResources.store_feed_js),
        Page(name: "store-login.html", contentType: html, bytes: PackageResources.store_login_html),
        Page(name: "store-login.js", contentType: script, bytes: PackageResources.store_login_js),
        Page(name: "store-main.html", contentType: html, bytes: PackageResources.store_main_html),
        Page(name: "store-main.js", contentType: script, bytes: PackageResources.store_main_js),
        Page(name: "store-notices.js", contentType: script, bytes: PackageResources.store_notices_js),
        Page(name: "store-orders.js", contentType: script, bytes: PackageResources.store_orders_js),
        Page(name: "store-snapshot.js", contentType: script, bytes: PackageResources.store_snapshot_js),
        Page(name: "store-sound.js", contentType: script, bytes: PackageResources.store_sound_js),
        Page(name: "store-text.js", contentType: script, bytes: PackageResources.store_text_js),
        Page(name: "store-worker.js", contentType: script, bytes: PackageResources.store_worker_js),
        Page(name: "store.css", contentType: style, bytes: PackageResources.store_css),
    ]
}
