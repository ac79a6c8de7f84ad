#include "serve/http/httpreply.h"

#include "serve/http/gzip.h"
#include "shared/base/clock.h"

#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void souk_http_reply_text(struct souk_http_call *c, const char *type)
{
    struct souk_http_reply *const r = &c->reply;
    r->bytes = c->text.at;
    r->len = c->text.len;
    r->type = type;
    if (!c->head.accepts_gzip || r->len < SOUK_GZIP_LEAST)
        return;
    const size_t zipped = souk_gzip(r->bytes, r->len, false, &c->zipped, &c->zipped_cap);
    if (zipped == 0)
        return;
    r->bytes = c->zipped;
    r->len = zipped;
    r->encoding = "gzip";
}

void souk_http_reply_problem(struct souk_http_call *c, enum souk_problem problem, const char *field,
                             const char *detail)
{
    souk_problem_write(problem, field ? field : "", detail, c->id, &c->text);
    c->reply.code = souk_problem_code(problem);
    souk_http_reply_text(c, SOUK_PROBLEM_CONTENT_TYPE);
}

void souk_http_reply_page(struct souk_http_call *c, const struct souk_page *page)
{
    struct souk_http_reply *const r = &c->reply;
    const bool zipped = c->head.accepts_gzip && page->zipped_len > 0;
    r->type = page->type;
    r->etag = page->etag[zipped];
    r->code = souk_page_tag_matches(c->head.if_none_match, r->etag) ? 304 : 200;
    if (r->code == 304)
        return;
    r->bytes = zipped ? (const void *)page->zipped : page->file->bytes;
    r->len = zipped ? page->zipped_len : page->file->len;
    r->encoding = zipped ? "gzip" : NULL;
}

/* ---- headers ---- */

struct headers {
    struct MHD_Response *response;
    bool failed;
};

static void put(struct headers *h, const char *name, const char *value)
{
    if (value && MHD_add_response_header(h->response, name, value) != MHD_YES)
        h->failed = true;
}

/* Whether a page of this origin may call. */
static bool is_welcome(const char *list, const char *origin)
{
    if (!list || !origin)
        return false;
    if (strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; *at; at += strcspn(at, ",") + (strchr(at, ',') != NULL)) {
        at += strspn(at, " ");
        const size_t len = strcspn(at, ", ");
        if (strlen(origin) == len && strncmp(at, origin, len) == 0)
            return true;
    }
    return false;
}

static void put_cors(const struct souk_http_call *c, struct headers *h)
{
    const char *const list = c->http->options->cors;
    if (!list)
        return;
    if (strcmp(list, "*") != 0)
        put(h, "Vary", "Origin");
    if (!is_welcome(list, c->head.origin))
        return;
    put(h, "Access-Control-Allow-Origin", strcmp(list, "*") == 0 ? "*" : c->head.origin);
    put(h, "Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
    if (c->reply.code == 204) {
        put(h, "Access-Control-Allow-Methods", "GET, HEAD, POST");
        put(h, "Access-Control-Allow-Headers",
            "Authorization, Content-Type, X-Request-Id, traceparent");
        put(h, "Access-Control-Max-Age", "600");
    }
}

static void put_allow(const struct souk_http_call *c, struct headers *h)
{
    if (c->route && (c->reply.code == 405 || c->reply.code == 204))
        put(h, "Allow",
            strcmp(c->route->method, "GET") == 0 ? "GET, HEAD, OPTIONS" : "POST, OPTIONS");
}

/* The page of the documents runs its own script and style, and calls this service; nothing else. */
static void put_page_headers(const struct souk_http_call *c, struct headers *h)
{
    put(h, "ETag", c->reply.etag);
    put(h, "Cache-Control", "no-cache");
    put(h, "Vary", "Accept-Encoding");
    put(h, "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    put(h, "Referrer-Policy", "no-referrer");
}

static void put_headers(const struct souk_http_call *c, struct headers *h)
{
    const struct souk_http_reply *const r = &c->reply;
    char text[24];
    put(h, "Content-Type", r->type);
    put(h, "Content-Encoding", r->encoding);
    put(h, "X-Request-Id", c->id[0] ? c->id : NULL);
    put(h, "X-Content-Type-Options", "nosniff");
    if (r->etag)
        put_page_headers(c, h);
    else
        put(h, "Cache-Control", "no-store");
    if (r->code == 401)
        put(h, "WWW-Authenticate", "Bearer realm=\"souk\"");
    if (r->retry_after_s > 0) {
        snprintf(text, sizeof text, "%" PRId64, r->retry_after_s);
        put(h, "Retry-After", text);
    }
    if (r->closes || atomic_load(&c->http->drains))
        put(h, "Connection", "close");
    put_allow(c, h);
    put_cors(c, h);
}

/* ---- sending ---- */

static void account(struct souk_http_call *c, int64_t now_us)
{
    struct souk_http *const http = c->http;
    const int64_t took_us = now_us - c->start_us;
    souk_http_metrics_count(&http->metrics, c->route, c->reply.code, took_us);
    if (http->log.path)
        souk_access_log_write(&http->log, souk_wall_ms(), c->method,
                              c->route ? c->route->path : "-", c->reply.code, c->reply.len, took_us,
                              c->id);
}

enum MHD_Result souk_http_reply_send(struct souk_http_call *c)
{
    struct headers h = {
        .response = MHD_create_response_from_buffer(c->reply.len, (void *)(uintptr_t)c->reply.bytes,
                                                    MHD_RESPMEM_PERSISTENT)};
    const int64_t now_us = souk_monotonic_us();
    enum MHD_Result result = MHD_NO; /* closes the connection */
    if (!h.response)
        return MHD_NO;
    put_headers(c, &h);
    souk_peer_enter(c->peer, SOUK_PEER_SENDING, now_us);
    if (!h.failed)
        result = MHD_queue_response(c->connection, c->reply.code, h.response);
    MHD_destroy_response(h.response);
    if (result == MHD_YES)
        account(c, now_us);
    return result;
}

/* @return false: not all of it was taken at once; what is sent last is short */
static bool write_now(struct souk_http_call *c, const char *bytes, size_t len)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info && info->tls_session)
        return gnutls_record_send(info->tls_session, bytes, len) == (ssize_t)len;
    info = MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info && send(info->connect_fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

bool souk_http_reply_send_now(struct souk_http_call *c)
{
    const struct souk_http_reply *const r = &c->reply;
    char text[1024];
    const int head = snprintf(text, sizeof text,
                              "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                              "X-Request-Id: %s\r\nConnection: close\r\n\r\n",
                              r->code, MHD_get_reason_phrase_for(r->code), r->type, r->len, c->id);
    account(c, souk_monotonic_us());
    if (head < 0 || (size_t)head + r->len > sizeof text)
        return false;
    memcpy(text + head, r->bytes, r->len);
    return write_now(c, text, (size_t)head + r->len);
}
