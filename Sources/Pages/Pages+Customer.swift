extension Pages {
    /// The customer's page.
    package static let customer: [Page] = [
        Page(name: "customer-account.js", contentType: script, bytes: PackageResources.customer_account_js),
        Page(name: "customer-basket.js", contentType: script, bytes: PackageResources.customer_basket_js),
        Page(name: "customer-checkout.js", contentType: script, bytes: PackageResources.customer_checkout_js),
        Page(name: "customer-dom.js", contentType: script, bytes: PackageResources.customer_dom_js),
        Page(name: "customer-feed.js", contentType: script, bytes: PackageResources.customer_feed_js),
        Page(name: "customer-history.js", contentType: script, bytes: PackageResources.customer_history_js),
        Page(name: "customer-main.js", contentType: script, bytes: PackageResources.customer_main_js),
        Page(name: "customer-menu.js", contentType: script, bytes: PackageResources.customer_menu_js),
        Page(name: "customer-notices.js", contentType: script, bytes: PackageResources.customer_notices_js),
        Page(name: "customer-order.css", contentType: style, bytes: PackageResources.customer_order_css),
        Page(name: "customer-orders.js", contentType: script, bytes: PackageResources.customer_orders_js),
        Page(name: "customer-reorder.js", contentType: script, bytes: PackageResources.customer_reorder_js),
        Page(name: "customer-sending.js", contentType: script, bytes: PackageResources.customer_sending_js),
        Page(name: "customer-session.js", contentType: script, bytes: PackageResources.customer_session_js),
        Page(name: "customer-status.js", contentType: script, bytes: PackageResources.customer_status_js),
        Page(name: "customer-stores.js", contentType: script, bytes: PackageResources.customer_stores_js),
        Page(name: "customer-text.js", contentType: script, bytes: PackageResources.customer_text_js),
        Page(name: "customer-webhook.js", contentType: script, bytes: PackageResources.customer_webhook_js),
        Page(name: "customer-words-en.js", contentType: script, bytes: PackageResources.customer_words_en_js),
        Page(name: "customer-words-ko.js", contentType: script, bytes: PackageResources.customer_words_ko_js),
        Page(name: "customer-worker.js", contentType: script, bytes: PackageResources.customer_worker_js),
        Page(name: "customer.css", contentType: style, bytes: PackageResources.customer_css),
        Page(name: "customer.html", contentType: html, bytes: PackageResources.customer_html),
    ]
}
