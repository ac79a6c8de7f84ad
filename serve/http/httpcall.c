#include "serve/http/httpcall.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* What a call keeps for the next one. */
enum { KEPT_BYTES = 32 << 10 };

static struct souk_http_call *take_from_pool(struct souk_http *h)
{
    pthread_mutex_lock(&h->pool_lock);
    struct souk_http_call *c = h->pool;
    if (c)
        h->pool = c->next;
    pthread_mutex_unlock(&h->pool_lock);
    if (!c) {
        c = souk_zalloc_array(1, sizeof *c);
        if (!c)
            return NULL;
        c->http = h;
        souk_writer_init(&c->message);
    }
    atomic_fetch_add(&h->calls, 1);
    return c;
}

static bool copy_uri(struct souk_http_call *c, const char *uri)
{
    c->uri_len = strlen(uri);
    if (c->uri_cap <= c->uri_len &&
        souk_grow(&c->uri, &c->uri_cap, c->uri_len + 1, INT32_MAX, 1) != SOUK_OK)
        return false;
    memcpy(c->uri, uri, c->uri_len + 1);
    return true;
}

struct souk_http_call *souk_http_call_take(struct souk_http *h, struct MHD_Connection *connection,
                                           const char *uri)
{
    struct souk_http_call *const c = take_from_pool(h);
    if (!c)
        return NULL;
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    c->connection = connection;
    c->peer = info ? info->socket_context : NULL;
    c->start_us = souk_monotonic_us();
    atomic_store(&c->step, SOUK_HTTP_OPEN);
    c->has_begun = c->is_rejected = c->is_cut = c->body_refused = false;
    c->received = 0;
    c->method = "-";
    c->query = NULL;
    c->route = NULL;
    c->part = NULL;
    c->body_len = 0;
    c->id[0] = '\0';
    c->reply = (struct souk_http_reply){.code = 0};
    if (c->peer && copy_uri(c, uri))
        return c;
    souk_http_call_give(c);
    return NULL;
}

static void free_body(struct souk_http_call *c)
{
    const int64_t left = atomic_fetch_sub(&c->http->body_bytes, (int64_t)c->body_cap);
    souk_gauge_set(c->http->metrics.body_bytes, left - (int64_t)c->body_cap);
    free(c->body);
    c->body = NULL;
    c->body_cap = 0;
}

static void free_call(struct souk_http_call *c)
{
    free_body(c);
    souk_writer_fini(&c->message);
    souk_json_text_fini(&c->text);
    free(c->zipped);
    free(c->uri);
    free(c);
}

void souk_http_call_give(struct souk_http_call *c)
{
    struct souk_http *const h = c->http;
    souk_event_faults_fini(&c->faults);
    if (c->body_cap > 0)
        free_body(c);
    if (c->text.cap > KEPT_BYTES)
        souk_json_text_fini(&c->text);
    if (c->message.buffer.alloc > KEPT_BYTES) {
        souk_writer_fini(&c->message);
        souk_writer_init(&c->message);
    }
    if (c->zipped_cap > KEPT_BYTES) {
        free(c->zipped);
        c->zipped = NULL;
        c->zipped_cap = 0;
    }
    atomic_fetch_sub(&h->calls, 1);
    pthread_mutex_lock(&h->pool_lock);
    c->next = h->pool;
    h->pool = c;
    pthread_mutex_unlock(&h->pool_lock);
}

void souk_http_calls_free(struct souk_http *h)
{
    struct souk_http_call *next;
    for (struct souk_http_call *c = h->pool; c; c = next) {
        next = c->next;
        free_call(c);
    }
    h->pool = NULL;
}

/* As much as the head said, so that nothing is copied; chunks grow by half. */
static size_t room_for(const struct souk_http_call *c, size_t need)
{
    const size_t grown = need + need / 2;
    return c->head.length > 0 && (size_t)c->head.length >= need ? (size_t)c->head.length : grown;
}

bool souk_http_call_take_body(struct souk_http_call *c, const char *bytes, size_t len)
{
    const size_t need = c->body_len + len;
    if (need > c->body_cap) {
        const size_t cap = room_for(c, need);
        const int64_t added = (int64_t)(cap - c->body_cap);
        const int64_t held = atomic_fetch_add(&c->http->body_bytes, added) + added;
        char *const grown = held <= SOUK_HTTP_BODIES_MAX ? realloc(c->body, cap) : NULL;
        if (!grown) {
            atomic_fetch_sub(&c->http->body_bytes, added);
            return false;
        }
        souk_gauge_set(c->http->metrics.body_bytes, held);
        c->body = grown;
        c->body_cap = cap;
    }
    memcpy(c->body + c->body_len, bytes, len);
    c->body_len = need;
    return true;
}
