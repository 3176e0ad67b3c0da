// The pages of those who log in at `store-admin`: stores and operators.

#include "PageFiles.h"
#include "Embedding.h"

static const unsigned char dead_letters_text_js[] = {
#embed "../Pages/Resources/dead-letters-text.js"
};
static const unsigned char dead_letters_css[] = {
#embed "../Pages/Resources/dead-letters.css"
};
static const unsigned char dead_letters_html[] = {
#embed "../Pages/Resources/dead-letters.html"
};
static const unsigned char dead_letters_js[] = {
#embed "../Pages/Resources/dead-letters.js"
};
static const unsigned char store_actions_js[] = {
#embed "../Pages/Resources/store-actions.js"
};
static const unsigned char store_card_js[] = {
#embed "../Pages/Resources/store-card.js"
};
static const unsigned char store_cards_js[] = {
#embed "../Pages/Resources/store-cards.js"
};
static const unsigned char store_feed_js[] = {
#embed "../Pages/Resources/store-feed.js"
};
static const unsigned char store_history_js[] = {
#embed "../Pages/Resources/store-history.js"
};
static const unsigned char store_keys_js[] = {
#embed "../Pages/Resources/store-keys.js"
};
static const unsigned char store_login_html[] = {
#embed "../Pages/Resources/store-login.html"
};
static const unsigned char store_login_js[] = {
#embed "../Pages/Resources/store-login.js"
};
static const unsigned char store_main_text_js[] = {
#embed "../Pages/Resources/store-main-text.js"
};
static const unsigned char store_main_css[] = {
#embed "../Pages/Resources/store-main.css"
};
static const unsigned char store_main_html[] = {
#embed "../Pages/Resources/store-main.html"
};
static const unsigned char store_main_js[] = {
#embed "../Pages/Resources/store-main.js"
};
static const unsigned char store_notices_js[] = {
#embed "../Pages/Resources/store-notices.js"
};
static const unsigned char store_orders_js[] = {
#embed "../Pages/Resources/store-orders.js"
};
static const unsigned char store_reject_js[] = {
#embed "../Pages/Resources/store-reject.js"
};
static const unsigned char store_running_js[] = {
#embed "../Pages/Resources/store-running.js"
};
static const unsigned char store_sheets_css[] = {
#embed "../Pages/Resources/store-sheets.css"
};
static const unsigned char store_sheets_js[] = {
#embed "../Pages/Resources/store-sheets.js"
};
static const unsigned char store_shop_js[] = {
#embed "../Pages/Resources/store-shop.js"
};
static const unsigned char store_snapshot_js[] = {
#embed "../Pages/Resources/store-snapshot.js"
};
static const unsigned char store_soldout_js[] = {
#embed "../Pages/Resources/store-soldout.js"
};
static const unsigned char store_sound_js[] = {
#embed "../Pages/Resources/store-sound.js"
};
static const unsigned char store_summary_js[] = {
#embed "../Pages/Resources/store-summary.js"
};
static const unsigned char store_text_js[] = {
#embed "../Pages/Resources/store-text.js"
};
static const unsigned char store_worker_js[] = {
#embed "../Pages/Resources/store-worker.js"
};
static const unsigned char store_css[] = {
#embed "../Pages/Resources/store.css"
};
static const unsigned char ticket_text_js[] = {
#embed "../Pages/Resources/ticket-text.js"
};
static const unsigned char ticket_css[] = {
#embed "../Pages/Resources/ticket.css"
};
static const unsigned char ticket_html[] = {
#embed "../Pages/Resources/ticket.html"
};
static const unsigned char ticket_js[] = {
#embed "../Pages/Resources/ticket.js"
};

static const struct page_file files[] = {
    FILE_OF("dead-letters-text.js", dead_letters_text_js),
    FILE_OF("dead-letters.css", dead_letters_css),
    FILE_OF("dead-letters.html", dead_letters_html),
    FILE_OF("dead-letters.js", dead_letters_js),
    FILE_OF("store-actions.js", store_actions_js),
    FILE_OF("store-card.js", store_card_js),
    FILE_OF("store-cards.js", store_cards_js),
    FILE_OF("store-feed.js", store_feed_js),
    FILE_OF("store-history.js", store_history_js),
    FILE_OF("store-keys.js", store_keys_js),
    FILE_OF("store-login.html", store_login_html),
    FILE_OF("store-login.js", store_login_js),
    FILE_OF("store-main-text.js", store_main_text_js),
    FILE_OF("store-main.css", store_main_css),
    FILE_OF("store-main.html", store_main_html),
    FILE_OF("store-main.js", store_main_js),
    FILE_OF("store-notices.js", store_notices_js),
    FILE_OF("store-orders.js", store_orders_js),
    FILE_OF("store-reject.js", store_reject_js),
    FILE_OF("store-running.js", store_running_js),
    FILE_OF("store-sheets.css", store_sheets_css),
    FILE_OF("store-sheets.js", store_sheets_js),
    FILE_OF("store-shop.js", store_shop_js),
    FILE_OF("store-snapshot.js", store_snapshot_js),
    FILE_OF("store-soldout.js", store_soldout_js),
    FILE_OF("store-sound.js", store_sound_js),
    FILE_OF("store-summary.js", store_summary_js),
    FILE_OF("store-text.js", store_text_js),
    FILE_OF("store-worker.js", store_worker_js),
    FILE_OF("store.css", store_css),
    FILE_OF("ticket-text.js", ticket_text_js),
    FILE_OF("ticket.css", ticket_css),
    FILE_OF("ticket.html", ticket_html),
    FILE_OF("ticket.js", ticket_js),
};

struct page_files page_files_store(void) { return ALL_OF(files); }
