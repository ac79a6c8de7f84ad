#include "serve/http/pages.h"

#include "serve/http/gzip.h"
#include "shared/base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{".json", "application/json"},
                                           {".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"}};
    const char *const dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

void souk_pages_init(struct souk_pages *p)
{
    for (int i = 0; i < SOUK_PAGES; i++) {
        struct souk_page *const page = &p->page[i];
        size_t cap = 0;
        *page = (struct souk_page){.file = &souk_page_files[i],
                                   .type = type_of(souk_page_files[i].name)};
        page->zipped_len = souk_gzip(page->file->bytes, page->file->len, true, &page->zipped, &cap);
        const uint64_t hash = souk_hash_bytes(page->file->bytes, page->file->len);
        snprintf(page->etag[0], sizeof page->etag[0], "\"%016" PRIx64 "\"", hash);
        snprintf(page->etag[1], sizeof page->etag[1], "\"%016" PRIx64 "-z\"", hash);
    }
}

void souk_pages_fini(struct souk_pages *p)
{
    for (int i = 0; i < SOUK_PAGES; i++)
        free(p->page[i].zipped);
}

const struct souk_page *souk_pages_find(const struct souk_pages *p, const char *name)
{
    for (int i = 0; i < SOUK_PAGES; i++)
        if (strcmp(p->page[i].file->name, name) == 0)
            return &p->page[i];
    return NULL;
}

bool souk_page_tag_matches(const char *if_none_match, const char *etag)
{
    return if_none_match && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag));
}
