#include "serve/client/clientcall.h"

#include "serve/client/lane.h"
#include "serve/net/tokenfile.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A lane, and who waits for its request. */
struct seat {
    struct souk_lane lane;
    struct souk_client_listing listing;
    struct souk_client_sending sending;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool over; /* under the lock, like all below */
    souk_status status;
    const void *bytes;
    size_t len;
    struct souk_error *err;
};

struct souk_client {
    char *token; /* NULL: none */
    struct souk_lane_proxies proxies;
    int lanes;
    struct seat *seats; /* [lanes] */
};

static souk_status load_tls(struct souk_lane_proxies *all, const struct souk_client_tls *tls,
                            struct souk_error *err)
{
    const struct souk_tls_files files = {tls->cert, tls->key, tls->ca, tls->name};
    return souk_tls_load(&files, &all->tls, err);
}

static souk_status connect_all(struct souk_lane_proxies *all, char *addresses,
                               struct souk_error *err)
{
    char *rest = NULL;
    souk_status status = SOUK_OK;
    for (char *url = strtok_r(addresses, ", ", &rest); url && !status;
         url = strtok_r(NULL, ", ", &rest)) {
        if (all->count == SOUK_LANE_PROXIES_MAX)
            return souk_fail(err, SOUK_EUSAGE, "more than %d proxy addresses",
                             SOUK_LANE_PROXIES_MAX);
        status = souk_caller_init(&all->proxy[all->count].caller, url, all->tls, err);
        all->count += !status;
    }
    if (!status && all->count == 0)
        return souk_fail(err, SOUK_EUSAGE, "no proxy address was given");
    return status;
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
        c->seats = souk_zalloc_array((size_t)lanes, sizeof *c->seats);
    if (!c || !copy || !c->seats)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a client");
    if (!status && tls)
        status = load_tls(&c->proxies, tls, err);
    if (!status)
        status = connect_all(&c->proxies, copy, err);
    while (!status && c->lanes < lanes) {
        struct seat *seat = &c->seats[c->lanes];
        pthread_mutex_init(&seat->lock, NULL);
        pthread_cond_init(&seat->changed, NULL);
        status = souk_lane_init(&seat->lane, &c->proxies, c->lanes % c->proxies.count, err);
        c->lanes++;
    }
    free(copy);
    if (status) {
        souk_client_free(c);
        return status;
    }
    *out = c;
    return SOUK_OK;
}

static void forget_token(struct souk_client *c)
{
    if (c->token)
        explicit_bzero(c->token, strlen(c->token));
    free(c->token);
    c->token = NULL;
}

souk_status souk_client_set_token(struct souk_client *c, const char *token, struct souk_error *err)
{
    forget_token(c);
    if (!token)
        return SOUK_OK;
    if (strlen(token) > SOUK_TOKEN_BYTES_MAX)
        return souk_fail(err, SOUK_EUSAGE, "a token of more than %d bytes", SOUK_TOKEN_BYTES_MAX);
    c->token = souk_strndup(token, strlen(token));
    return c->token ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for a token");
}

void souk_client_free(struct souk_client *c)
{
    if (!c)
        return;
    for (int l = 0; l < c->lanes; l++) {
        souk_lane_fini(&c->seats[l].lane);
        pthread_cond_destroy(&c->seats[l].changed);
        pthread_mutex_destroy(&c->seats[l].lock);
    }
    for (int p = 0; p < c->proxies.count; p++)
        souk_caller_fini(&c->proxies.proxy[p].caller);
    souk_tls_free(c->proxies.tls);
    forget_token(c);
    free(c->seats);
    free(c);
}

struct souk_writer *souk_client_begin(struct souk_client *c, int lane, const char *operation,
                                      size_t fields)
{
    struct souk_writer *w = &c->seats[lane].lane.request;
    souk_writer_clear(w);
    souk_writer_map(w, 3 + (c->token != NULL) + fields);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", operation);
    if (c->token)
        souk_writer_put_string(w, "token", c->token);
    return w;
}

struct souk_client_listing *souk_client_listing(struct souk_client *c, int lane)
{
    return &c->seats[lane].listing;
}

struct souk_client_sending *souk_client_sending(struct souk_client *c, int lane)
{
    return &c->seats[lane].sending;
}

void souk_client_start(struct souk_client *c, int lane, const struct souk_client_terms *terms,
                       souk_lane_ended *ended, void *context)
{
    souk_lane_start(&c->seats[lane].lane, terms, ended, context);
}

/* ---- waiting for the end ---- */

static void wake(void *context, souk_status status, const void *bytes, size_t len,
                 const struct souk_error *err)
{
    struct seat *seat = context;
    pthread_mutex_lock(&seat->lock);
    seat->status = status;
    seat->bytes = bytes;
    seat->len = len;
    if (seat->err && status)
        *seat->err = *err;
    seat->over = true;
    pthread_cond_signal(&seat->changed);
    pthread_mutex_unlock(&seat->lock);
}

souk_status souk_client_call(struct souk_client *c, int lane, const struct souk_client_terms *terms,
                             const void **bytes, size_t *len, struct souk_error *err)
{
    struct seat *seat = &c->seats[lane];
    seat->over = false;
    seat->err = err;
    souk_lane_start(&seat->lane, terms, wake, seat);
    pthread_mutex_lock(&seat->lock);
    while (!seat->over)
        pthread_cond_wait(&seat->changed, &seat->lock);
    *bytes = seat->bytes;
    *len = seat->len;
    pthread_mutex_unlock(&seat->lock);
    return seat->status;
}
