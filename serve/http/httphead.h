/** @file
 *  The head of a request: what its headers say, and whether it may be believed.
 *
 *  libmicrohttpd lets pass what proxies in front of it may read another way: two lengths, a length
 *  beside chunks, names with blanks in them, bytes 0. All of that is malformed here, and whoever
 *  sends it loses the connection, so that nothing can be smuggled in behind it.
 */
#ifndef SOUK_HTTP_HTTPHEAD_H
#define SOUK_HTTP_HTTPHEAD_H

#include "serve/http/problem.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

enum { SOUK_HTTP_ID_BYTES = 64 };

/** Texts point into libmicrohttpd's memory of the request; NULL where a header is absent. */
struct souk_http_head {
    bool is_old; /**< HTTP/1.0 */
    bool is_chunked, accepts_gzip, is_json, is_encoded;
    bool expects;      /**< 100 Continue, before it sends the body */
    int64_t length;    /**< Content-Length; -1: none */
    const char *token; /**< [token_len] of `Authorization: Bearer` */
    size_t token_len;
    const char *origin, *if_none_match;
    char id[SOUK_HTTP_ID_BYTES + 1]; /**< the trace's, or X-Request-Id; empty: neither was sent */
    bool is_traced;
    int hosts, lengths, codings, headers;
    const char *wrong; /**< what is malformed; NULL: nothing */
};

/** Read it. @param method, version as libmicrohttpd gives them @param uri_len what it says it is */
void souk_http_head_read(struct souk_http_head *head, struct MHD_Connection *connection,
                         const char *method, size_t uri_len, const char *version);

/** Whether a body follows. */
static inline bool souk_http_head_has_body(const struct souk_http_head *head)
{
    return head->is_chunked || head->length > 0;
}

/** Take one header in; for souk_http_head_read(), and for tests. */
void souk_http_head_take(struct souk_http_head *head, const char *name, const char *value);

/** When all are taken in: whether they fit together. */
void souk_http_head_check(struct souk_http_head *head);

#endif
