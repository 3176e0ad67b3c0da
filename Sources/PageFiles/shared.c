// What all pages share.

#include "PageFiles.h"
#include "Embedding.h"

static const unsigned char favicon_svg[] = {
#embed "../Pages/Resources/favicon.svg"
};
static const unsigned char page_api_js[] = {
#embed "../Pages/Resources/page-api.js"
};
static const unsigned char page_share_js[] = {
#embed "../Pages/Resources/page-share.js"
};
static const unsigned char page_stream_js[] = {
#embed "../Pages/Resources/page-stream.js"
};
static const unsigned char page_text_js[] = {
#embed "../Pages/Resources/page-text.js"
};
static const unsigned char page_worker_js[] = {
#embed "../Pages/Resources/page-worker.js"
};
static const unsigned char tokens_css[] = {
#embed "../Pages/Resources/tokens.css"
};

static const struct page_file files[] = {
    FILE_OF("favicon.svg", favicon_svg),
    FILE_OF("page-api.js", page_api_js),
    FILE_OF("page-share.js", page_share_js),
    FILE_OF("page-stream.js", page_stream_js),
    FILE_OF("page-text.js", page_text_js),
    FILE_OF("page-worker.js", page_worker_js),
    FILE_OF("tokens.css", tokens_css),
};

struct page_files page_files_shared(void) { return ALL_OF(files); }
