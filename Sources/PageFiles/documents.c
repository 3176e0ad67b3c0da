// The page on which the API can be tried.

#include "PageFiles.h"
#include "Embedding.h"

static const unsigned char docs_call_js[] = {
#embed "../Pages/Resources/docs-call.js"
};
static const unsigned char docs_form_js[] = {
#embed "../Pages/Resources/docs-form.js"
};
static const unsigned char docs_login_js[] = {
#embed "../Pages/Resources/docs-login.js"
};
static const unsigned char docs_main_js[] = {
#embed "../Pages/Resources/docs-main.js"
};
static const unsigned char docs_operation_js[] = {
#embed "../Pages/Resources/docs-operation.js"
};
static const unsigned char docs_schema_js[] = {
#embed "../Pages/Resources/docs-schema.js"
};
static const unsigned char docs_stream_js[] = {
#embed "../Pages/Resources/docs-stream.js"
};
static const unsigned char docs_text_js[] = {
#embed "../Pages/Resources/docs-text.js"
};
static const unsigned char docs_css[] = {
#embed "../Pages/Resources/docs.css"
};
static const unsigned char docs_html[] = {
#embed "../Pages/Resources/docs.html"
};

static const struct page_file files[] = {
    FILE_OF("docs-call.js", docs_call_js),
    FILE_OF("docs-form.js", docs_form_js),
    FILE_OF("docs-login.js", docs_login_js),
    FILE_OF("docs-main.js", docs_main_js),
    FILE_OF("docs-operation.js", docs_operation_js),
    FILE_OF("docs-schema.js", docs_schema_js),
    FILE_OF("docs-stream.js", docs_stream_js),
    FILE_OF("docs-text.js", docs_text_js),
    FILE_OF("docs.css", docs_css),
    FILE_OF("docs.html", docs_html),
};

struct page_files page_files_documents(void) { return ALL_OF(files); }
