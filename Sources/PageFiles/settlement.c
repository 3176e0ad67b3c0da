// The page of a store's settlement.

#include "PageFiles.h"
#include "Embedding.h"

static const unsigned char settlement_text_js[] = {
#embed "../Pages/Resources/settlement-text.js"
};
static const unsigned char settlement_css[] = {
#embed "../Pages/Resources/settlement.css"
};
static const unsigned char settlement_html[] = {
#embed "../Pages/Resources/settlement.html"
};
static const unsigned char settlement_js[] = {
#embed "../Pages/Resources/settlement.js"
};

static const struct page_file files[] = {
    FILE_OF("settlement-text.js", settlement_text_js),
    FILE_OF("settlement.css", settlement_css),
    FILE_OF("settlement.html", settlement_html),
    FILE_OF("settlement.js", settlement_js),
};

struct page_files page_files_settlement(void) { return ALL_OF(files); }
