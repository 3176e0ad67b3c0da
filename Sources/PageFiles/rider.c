// The rider's page.

#include "PageFiles.h"
#include "Embedding.h"

static const unsigned char rider_deliveries_js[] = {
#embed "../Pages/Resources/rider-deliveries.js"
};
static const unsigned char rider_feed_js[] = {
#embed "../Pages/Resources/rider-feed.js"
};
static const unsigned char rider_main_html[] = {
#embed "../Pages/Resources/rider-main.html"
};
static const unsigned char rider_main_js[] = {
#embed "../Pages/Resources/rider-main.js"
};
static const unsigned char rider_notices_js[] = {
#embed "../Pages/Resources/rider-notices.js"
};
static const unsigned char rider_rows_js[] = {
#embed "../Pages/Resources/rider-rows.js"
};
static const unsigned char rider_text_js[] = {
#embed "../Pages/Resources/rider-text.js"
};
static const unsigned char rider_worker_js[] = {
#embed "../Pages/Resources/rider-worker.js"
};
static const unsigned char rider_css[] = {
#embed "../Pages/Resources/rider.css"
};

static const struct page_file files[] = {
    FILE_OF("rider-deliveries.js", rider_deliveries_js),
    FILE_OF("rider-feed.js", rider_feed_js),
    FILE_OF("rider-main.html", rider_main_html),
    FILE_OF("rider-main.js", rider_main_js),
    FILE_OF("rider-notices.js", rider_notices_js),
    FILE_OF("rider-rows.js", rider_rows_js),
    FILE_OF("rider-text.js", rider_text_js),
    FILE_OF("rider-worker.js", rider_worker_js),
    FILE_OF("rider.css", rider_css),
};

struct page_files page_files_rider(void) { return ALL_OF(files); }
