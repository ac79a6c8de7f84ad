/** @file
 *  The static pages, out of the program: the document of the API and the page that shows it.
 */
#ifndef SOUK_HTTP_PAGES_H
#define SOUK_HTTP_PAGES_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { SOUK_PAGES = 4 };

/** A file, as the build has put it into the program (cmake/SoukEmbed.cmake). */
struct souk_page_file {
    const char *name;
    const unsigned char *bytes;
    size_t len;
};
extern const struct souk_page_file souk_page_files[SOUK_PAGES];

struct souk_page {
    const struct souk_page_file *file;
    const char *type;
    char *zipped;
    size_t zipped_len; /**< 0: there is none */
    char etag[2][24];  /**< of the file, and of it when zipped: with their quotes */
};

struct souk_pages {
    struct souk_page page[SOUK_PAGES];
};

void souk_pages_init(struct souk_pages *p);
void souk_pages_fini(struct souk_pages *p);

/** NULL: there is none of that name. */
const struct souk_page *souk_pages_find(const struct souk_pages *p, const char *name);

/** Whether an If-None-Match names the tag. */
bool souk_page_tag_matches(const char *if_none_match, const char *etag);

#endif
