#ifndef DELIVERY_PAGE_FILES_H
#define DELIVERY_PAGE_FILES_H

/// A file of a page, as it was when the program was built. All pointers are to constants of the program.
struct page_file {
    const char *name;
    const unsigned char *octets;
    unsigned long count;
};

struct page_files {
    const struct page_file *files;
    unsigned long count;
};

struct page_files page_files_shared(void);
struct page_files page_files_store(void);
struct page_files page_files_customer(void);
struct page_files page_files_rider(void);
struct page_files page_files_settlement(void);
struct page_files page_files_documents(void);

#endif
