#include "serve/client/clientcall.h"

#include "serve/net/caller.h"
#include "serve/net/refusals.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ADDRESSES_MAX = 64,
    RECONNECT_POLL_MS = 5,
    SEND_MS = 20,          /* a message that has not left by then goes to another proxy */
    AVOID_MS = 1000,       /* a proxy that drains or does not answer is left alone so long */
    ERROR_REPLY_MAX = 512, /* bytes; only replies as short are looked into for `draining` */
};

struct proxy {
    struct souk_caller caller;
    atomic_llong avoid_until_us;
};

struct lane {
    struct souk_call calls[ADDRESSES_MAX];
    struct souk_writer request;
    size_t deadline_at; /* where the deadline goes in the request */
};

struct souk_client {
    int proxies, lanes;
    struct souk_tls *tls; /* NULL: none */
    struct proxy proxy[ADDRESSES_MAX];
    struct lane *lane; /* [lanes] */
};

static souk_status connect_all(struct souk_client *c, char *addresses, struct souk_error *err)
{
    char *rest = NULL;
    souk_status status = SOUK_OK;
    for (char *url = strtok_r(addresses, ", ", &rest); url && !status;
         url = strtok_r(NULL, ", ", &rest)) {
        if (c->proxies == ADDRESSES_MAX)
            return souk_fail(err, SOUK_EUSAGE, "more than %d proxy addresses", ADDRESSES_MAX);
        status = souk_caller_init(&c->proxy[c->proxies].caller, url, c->tls, err);
        c->proxies += !status;
    }
    if (!status && c->proxies == 0)
        return souk_fail(err, SOUK_EUSAGE, "no proxy address was given");
    return status;
}

static souk_status load_tls(struct souk_client *c, const struct souk_client_tls *tls,
                            struct souk_error *err)
{
    const struct souk_tls_files files = {tls->cert, tls->key, tls->ca, tls->name};
    return souk_tls_load(&files, &c->tls, err);
}

souk_status souk_client_new(const char *addresses, int lanes, struct souk_client **out,
                            struct souk_error *err)
{
    return souk_client_new_tls(addresses, lanes, NULL, out, err);
}

souk_status souk_client_new_tls(const char *addresses, int lanes, const struct souk_client_tls *tls,
                                struct souk_client **out, struct souk_error *err)
{
    struct souk_client *c = souk_zalloc_array(1, sizeof *c);
    char *copy = souk_strndup(addresses, strlen(addresses));
    souk_status status = SOUK_OK;
    *out = NULL;
    if (c)
        c->lane = souk_zalloc_array((size_t)lanes, sizeof *c->lane);
    if (!c || !copy || !c->lane)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a client");
    if (!status && tls)
        status = load_tls(c, tls, err);
    if (!status)
        status = connect_all(c, copy, err);
    for (int l = 0; l < lanes && !status; l++) {
        c->lanes++;
        souk_writer_init(&c->lane[l].request);
        for (int p = 0; p < c->proxies && !status; p++)
            status = souk_call_init(&c->lane[l].calls[p], &c->proxy[p].caller, err);
    }
    free(copy);
    if (status) {
        souk_client_free(c);
        return status;
    }
    *out = c;
    return SOUK_OK;
}

void souk_client_free(struct souk_client *c)
{
    if (!c)
        return;
    for (int l = 0; l < c->lanes; l++) {
        for (int p = 0; p < c->proxies; p++)
            souk_call_fini(&c->lane[l].calls[p]);
        souk_writer_fini(&c->lane[l].request);
    }
    for (int p = 0; p < c->proxies; p++)
        souk_caller_fini(&c->proxy[p].caller);
    souk_tls_free(c->tls);
    free(c->lane);
    free(c);
}

/* ---- choosing a proxy ---- */

/* With TLS, what was said of the handshake that failed last. */
static souk_status fail_to_connect(const struct souk_client *c, int proxy, struct souk_error *err)
{
    char said[128] = "";
    if (c->tls)
        souk_refusals_last_tls(said, sizeof said);
    return souk_fail(err, SOUK_EUNAVAILABLE, "cannot connect to %s%s%s", c->proxy[proxy].caller.url,
                     said[0] ? ": TLS: " : "", said);
}

static int64_t left_ms(int64_t end_us)
{
    const int64_t left = (end_us - souk_monotonic_us()) / 1000;
    return left > 0 ? left : 0;
}

static void avoid(struct proxy *p)
{
    atomic_store(&p->avoid_until_us, souk_monotonic_us() + AVOID_MS * 1000);
}

/* A connected proxy from `first` on; one that is avoided only where `any`. -1: none */
static int connected_proxy(const struct souk_client *c, int first, bool any)
{
    const int64_t now = souk_monotonic_us();
    for (int k = 0; k < c->proxies; k++) {
        const struct proxy *p = &c->proxy[(first + k) % c->proxies];
        if (souk_caller_is_connected(&p->caller) && (any || atomic_load(&p->avoid_until_us) <= now))
            return (first + k) % c->proxies;
    }
    return -1;
}

/* As above, waiting for one until the end. */
static int find_proxy(const struct souk_client *c, int first, int64_t end_us)
{
    const struct timespec pause = {.tv_nsec = RECONNECT_POLL_MS * 1000000L};
    for (;;) {
        int found = connected_proxy(c, first, false);
        if (found < 0)
            found = connected_proxy(c, first, true);
        if (found >= 0 || left_ms(end_us) == 0)
            return found;
        nanosleep(&pause, NULL);
    }
}

/* ---- one try, and the next ---- */

/* The deadline is the last field: a repeated request tells what is left of it. */
static void put_deadline(struct lane *lane, int64_t deadline_us)
{
    const int64_t left_us = deadline_us - souk_monotonic_us();
    lane->request.buffer.size = lane->deadline_at;
    souk_writer_put_int(&lane->request, "deadline_ms", left_us > 0 ? (left_us + 999) / 1000 : 0);
}

/* With another proxy to turn to, a request that cannot even be sent does not wait for this one.
 * @return as souk_client_call(); SOUK_EUNAVAILABLE: this proxy is lost or stuck */
static souk_status try_proxy(const struct souk_client *c, struct lane *lane, int proxy,
                             int64_t end_us, const void **bytes, size_t *len)
{
    struct souk_call *call = &lane->calls[proxy];
    const int64_t left = left_ms(end_us);
    souk_status status = souk_call_begin(call, lane->request.buffer.data, lane->request.buffer.size,
                                         c->proxies > 1 && left > SEND_MS ? SEND_MS : left);
    if (!status)
        status = souk_call_end(call, left, bytes, len);
    return status == SOUK_ETIMEDOUT && !call->sent ? SOUK_EUNAVAILABLE : status;
}

static bool is_draining(const void *bytes, size_t len)
{
    struct souk_message m;
    char reason[64];
    int64_t status = SOUK_WIRE_OK;
    if (len > ERROR_REPLY_MAX)
        return false;
    const bool draining =
        souk_message_parse(&m, bytes, len, reason, sizeof reason) == SOUK_WIRE_OK &&
        souk_message_int(&m, "status", 0, INT32_MAX, &status) && status == SOUK_WIRE_DRAINING;
    souk_message_fini(&m);
    return draining;
}

/* @return whether the next proxy may be asked after this one ended so */
static bool may_move_on(struct proxy *p, const struct souk_call *call, souk_status status,
                        const struct souk_client_terms *terms, const void *bytes, size_t len)
{
    if (status == SOUK_EUNAVAILABLE)
        return !call->sent || terms->idempotent;
    const bool moves_on = status == SOUK_OK && is_draining(bytes, len);
    if (moves_on || status == SOUK_ETIMEDOUT)
        avoid(p);
    return moves_on;
}

souk_status souk_client_call(struct souk_client *c, int number,
                             const struct souk_client_terms *terms, const void **bytes, size_t *len,
                             struct souk_error *err)
{
    struct lane *lane = &c->lane[number];
    const int64_t start_us = souk_monotonic_us();
    const int64_t end_us = start_us + terms->timeout_ms * 1000;
    int proxy = number % c->proxies, drained = 0;
    souk_status status = SOUK_EUNAVAILABLE;
    lane->deadline_at = lane->request.buffer.size;
    *bytes = NULL;
    *len = 0;
    for (;;) {
        proxy = find_proxy(c, proxy, end_us);
        if (proxy < 0)
            return fail_to_connect(c, number % c->proxies, err);
        put_deadline(lane, start_us + terms->deadline_ms * 1000);
        status = try_proxy(c, lane, proxy, end_us, bytes, len);
        drained += status == SOUK_OK; /* or answered, and then this is the last try */
        if (!may_move_on(&c->proxy[proxy], &lane->calls[proxy], status, terms, *bytes, *len) ||
            drained == c->proxies || left_ms(end_us) == 0)
            break;
        proxy = (proxy + 1) % c->proxies;
    }
    if (status == SOUK_EUNAVAILABLE && left_ms(end_us) == 0)
        status = SOUK_ETIMEDOUT;
    if (status == SOUK_EUNAVAILABLE)
        return souk_fail(err, status, "%s: the connection was lost, the request may have run",
                         c->proxy[proxy].caller.url);
    if (status)
        return souk_fail(err, status, "%s: %s", c->proxy[proxy].caller.url,
                         souk_status_text(status));
    return SOUK_OK;
}

struct souk_writer *souk_client_request(struct souk_client *c, int lane)
{
    souk_writer_clear(&c->lane[lane].request);
    return &c->lane[lane].request;
}
