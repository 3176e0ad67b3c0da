// The customer's page.

#include "PageFiles.h"
#include "Embedding.h"

static const unsigned char customer_account_js[] = {
#embed "../Pages/Resources/customer-account.js"
};
static const unsigned char customer_basket_js[] = {
#embed "../Pages/Resources/customer-basket.js"
};
static const unsigned char customer_checkout_js[] = {
#embed "../Pages/Resources/customer-checkout.js"
};
static const unsigned char customer_dom_js[] = {
#embed "../Pages/Resources/customer-dom.js"
};
static const unsigned char customer_feed_js[] = {
#embed "../Pages/Resources/customer-feed.js"
};
static const unsigned char customer_history_js[] = {
#embed "../Pages/Resources/customer-history.js"
};
static const unsigned char customer_main_js[] = {
#embed "../Pages/Resources/customer-main.js"
};
static const unsigned char customer_menu_js[] = {
#embed "../Pages/Resources/customer-menu.js"
};
static const unsigned char customer_notices_js[] = {
#embed "../Pages/Resources/customer-notices.js"
};
static const unsigned char customer_order_css[] = {
#embed "../Pages/Resources/customer-order.css"
};
static const unsigned char customer_orders_js[] = {
#embed "../Pages/Resources/customer-orders.js"
};
static const unsigned char customer_reorder_js[] = {
#embed "../Pages/Resources/customer-reorder.js"
};
static const unsigned char customer_sending_js[] = {
#embed "../Pages/Resources/customer-sending.js"
};
static const unsigned char customer_session_js[] = {
#embed "../Pages/Resources/customer-session.js"
};
static const unsigned char customer_status_js[] = {
#embed "../Pages/Resources/customer-status.js"
};
static const unsigned char customer_stores_js[] = {
#embed "../Pages/Resources/customer-stores.js"
};
static const unsigned char customer_text_js[] = {
#embed "../Pages/Resources/customer-text.js"
};
static const unsigned char customer_webhook_js[] = {
#embed "../Pages/Resources/customer-webhook.js"
};
static const unsigned char customer_words_en_js[] = {
#embed "../Pages/Resources/customer-words-en.js"
};
static const unsigned char customer_words_ko_js[] = {
#embed "../Pages/Resources/customer-words-ko.js"
};
static const unsigned char customer_worker_js[] = {
#embed "../Pages/Resources/customer-worker.js"
};
static const unsigned char customer_css[] = {
#embed "../Pages/Resources/customer.css"
};
static const unsigned char customer_html[] = {
#embed "../Pages/Resources/customer.html"
};

static const struct page_file files[] = {
    FILE_OF("customer-account.js", customer_account_js),
    FILE_OF("customer-basket.js", customer_basket_js),
    FILE_OF("customer-checkout.js", customer_checkout_js),
    FILE_OF("customer-dom.js", customer_dom_js),
    FILE_OF("customer-feed.js", customer_feed_js),
    FILE_OF("customer-history.js", customer_history_js),
    FILE_OF("customer-main.js", customer_main_js),
    FILE_OF("customer-menu.js", customer_menu_js),
    FILE_OF("customer-notices.js", customer_notices_js),
    FILE_OF("customer-order.css", customer_order_css),
    FILE_OF("customer-orders.js", customer_orders_js),
    FILE_OF("customer-reorder.js", customer_reorder_js),
    FILE_OF("customer-sending.js", customer_sending_js),
    FILE_OF("customer-session.js", customer_session_js),
    FILE_OF("customer-status.js", customer_status_js),
    FILE_OF("customer-stores.js", customer_stores_js),
    FILE_OF("customer-text.js", customer_text_js),
    FILE_OF("customer-webhook.js", customer_webhook_js),
    FILE_OF("customer-words-en.js", customer_words_en_js),
    FILE_OF("customer-words-ko.js", customer_words_ko_js),
    FILE_OF("customer-worker.js", customer_worker_js),
    FILE_OF("customer.css", customer_css),
    FILE_OF("customer.html", customer_html),
};

struct page_files page_files_customer(void) { return ALL_OF(files); }
