#ifndef DELIVERY_EMBEDDING_H
#define DELIVERY_EMBEDDING_H

// #embed (C23, section 6.10.4) is read by every clang since 19, and its files are dependencies: who edits one gets it
// with the next build.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define FILE_OF(name, octets) {name, octets, sizeof octets}
#define ALL_OF(files) ((struct page_files){files, sizeof files / sizeof files[0]})

#endif
