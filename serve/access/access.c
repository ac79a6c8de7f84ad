#include "serve/access/access.h"

#include "serve/access/tokentable.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct souk_access {
    char *path;                     /* NULL: no tokens */
    pthread_mutex_t lock;           /* short: a look-up and two comparisons of times */
    struct souk_token_table *table; /* under the lock, as are all rates; NULL without a path */
    struct souk_rate_limit all;
    struct souk_counter *refused[SOUK_ACCESS_VERDICTS];
};

/* ---- names ---- */

const char *souk_access_verdict_name(enum souk_access_verdict why)
{
    static const char *const names[SOUK_ACCESS_VERDICTS] = {
        "granted", "missing", "unknown", "expired", "scope", "rate", "global_rate"};
    return names[why];
}

enum souk_wire_status souk_access_verdict_status(enum souk_access_verdict why)
{
    static const enum souk_wire_status statuses[SOUK_ACCESS_VERDICTS] = {
        SOUK_WIRE_OK,        SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_UNAUTHORIZED, SOUK_WIRE_UNAUTHORIZED,
        SOUK_WIRE_FORBIDDEN, SOUK_WIRE_RATE_LIMITED, SOUK_WIRE_RATE_LIMITED};
    return statuses[why];
}

const char *souk_scope_name(enum souk_scope scope)
{
    return scope == SOUK_SCOPE_READ    ? "read"
           : scope == SOUK_SCOPE_WRITE ? "write"
           : scope == SOUK_SCOPE_ADMIN ? "admin"
                                       : "none";
}

/* ---- metrics ---- */

static struct souk_token_table *hold_table(struct souk_access *a)
{
    pthread_mutex_lock(&a->lock);
    struct souk_token_table *t = souk_token_table_hold(a->table);
    pthread_mutex_unlock(&a->lock);
    return t;
}

/* Names of tokens are the operator's, and as many as are in the file. */
static void collect(void *context, struct souk_exposition *e)
{
    struct souk_token_table *t = hold_table(context);
    souk_exposition_family(e, "souk_access_token_requests_total", SOUK_METRIC_COUNTER,
                           "Requests with a token of the file, by its name and whether it was let "
                           "in.");
    for (int i = 0; i < t->count; i++) {
        const char *name = t->states[i].entry.name;
        souk_exposition_integer(e, "",
                                (struct souk_label[]){{"token", name}, {"admitted", "yes"}, {0}},
                                (int64_t)atomic_load(&t->states[i].admitted), 0);
        souk_exposition_integer(e, "",
                                (struct souk_label[]){{"token", name}, {"admitted", "no"}, {0}},
                                (int64_t)atomic_load(&t->states[i].denied), 0);
    }
    souk_exposition_family(e, "souk_access_token_expiry_timestamp_seconds", SOUK_METRIC_GAUGE,
                           "When the token expires, since 1970; those that never do are absent.");
    for (int i = 0; i < t->count; i++)
        if (t->states[i].entry.expires_s != INT64_MAX)
            souk_exposition_integer(e, "",
                                    (struct souk_label[]){{"token", t->states[i].entry.name}, {0}},
                                    t->states[i].entry.expires_s, 0);
    souk_token_table_release(t);
}

static souk_status make_metrics(struct souk_access *a, struct souk_metrics *registry,
                                struct souk_error *err)
{
    if (!registry)
        return SOUK_OK;
    for (int why = SOUK_ACCESS_GRANTED + 1; why < SOUK_ACCESS_VERDICTS; why++) {
        const struct souk_label labels[] = {{"reason", souk_access_verdict_name(why)}, {0}};
        a->refused[why] = souk_metrics_counter(
            registry, "souk_access_refused_total",
            "Requests that were not let in, for their token or their rate, by reason.", labels);
    }
    if (a->table)
        souk_metrics_collect(registry, collect, a);
    return souk_metrics_check(registry, err);
}

/* ---- the table ---- */

static souk_status read_table(const char *path, struct souk_token_table **out,
                              struct souk_error *err)
{
    struct souk_token_list list;
    souk_status status = souk_token_list_read(path, &list, err);
    if (!status) {
        *out = souk_token_table_new(&list);
        status = *out ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "%s: no memory", path);
    }
    souk_token_list_fini(&list);
    return status;
}

souk_status souk_access_open(const char *path, double rate, struct souk_metrics *registry,
                             struct souk_access **out, struct souk_error *err)
{
    struct souk_access *a = souk_zalloc_array(1, sizeof *a);
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!a)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the tokens");
    pthread_mutex_init(&a->lock, NULL);
    souk_rate_limit_init(&a->all, rate, 0);
    if (path) {
        a->path = souk_strndup(path, strlen(path));
        status = a->path ? souk_token_prepare(err) : souk_fail(err, SOUK_ENOMEM, "no memory");
        if (!status)
            status = read_table(path, &a->table, err);
    }
    if (!status)
        status = make_metrics(a, registry, err);
    if (status) {
        souk_access_free(a);
        return status;
    }
    *out = a;
    return SOUK_OK;
}

void souk_access_free(struct souk_access *a)
{
    if (!a)
        return;
    souk_token_table_release(a->table);
    pthread_mutex_destroy(&a->lock);
    free(a->path);
    free(a);
}

bool souk_access_is_guarded(const struct souk_access *a)
{
    return a->path != NULL;
}

souk_status souk_access_reload(struct souk_access *a, int *count, struct souk_error *err)
{
    struct souk_token_table *old, *new = NULL;
    *count = 0;
    if (!a->path)
        return SOUK_OK;
    const souk_status status = read_table(a->path, &new, err);
    if (status)
        return status;
    *count = new->count;
    pthread_mutex_lock(&a->lock);
    old = a->table;
    souk_token_table_inherit(new, old);
    a->table = new;
    pthread_mutex_unlock(&a->lock);
    souk_token_table_release(old);
    return SOUK_OK;
}

/* ---- checking ---- */

/* Both buckets have one left, or none is touched. @param own NULL: there is only the global one */
static enum souk_access_verdict take(struct souk_access *a, struct souk_rate_limit *own,
                                     int64_t now_us, int64_t *wait_us)
{
    *wait_us = own ? souk_rate_limit_wait_us(own, now_us) : 0;
    if (*wait_us > 0)
        return SOUK_ACCESS_RATE;
    *wait_us = souk_rate_limit_wait_us(&a->all, now_us);
    if (*wait_us > 0)
        return SOUK_ACCESS_GLOBAL_RATE;
    souk_rate_limit_take(&a->all, now_us);
    if (own)
        souk_rate_limit_take(own, now_us);
    return SOUK_ACCESS_GRANTED;
}

/* With the lock held. */
static enum souk_access_verdict judge(struct souk_access *a, const struct souk_token_digest *digest,
                                      enum souk_scope scope, int64_t now_us, int64_t now_s,
                                      int64_t *wait_us)
{
    struct souk_token_state *state = souk_token_table_find(a->table, digest);
    if (!state)
        return SOUK_ACCESS_UNKNOWN;
    const enum souk_access_verdict why = now_s >= state->entry.expires_s ? SOUK_ACCESS_EXPIRED
                                         : (state->entry.scopes & (unsigned)scope) != scope
                                             ? SOUK_ACCESS_SCOPE
                                             : take(a, &state->limit, now_us, wait_us);
    atomic_fetch_add(why == SOUK_ACCESS_GRANTED ? &state->admitted : &state->denied, 1);
    return why;
}

enum souk_access_verdict souk_access_check(struct souk_access *a, const char *token, size_t len,
                                           enum souk_scope scope, int64_t now_us, int64_t now_s,
                                           int64_t *retry_after_ms)
{
    struct souk_token_digest digest;
    enum souk_access_verdict why;
    int64_t wait_us = 0;
    const bool may_be_one = a->path && token && souk_token_digest(token, len, &digest);
    if (a->path && !may_be_one) {
        why = token ? SOUK_ACCESS_UNKNOWN : SOUK_ACCESS_MISSING;
    } else {
        pthread_mutex_lock(&a->lock);
        why = a->path ? judge(a, &digest, scope, now_us, now_s, &wait_us)
                      : take(a, NULL, now_us, &wait_us);
        pthread_mutex_unlock(&a->lock);
    }
    *retry_after_ms = (wait_us + 999) / 1000;
    souk_counter_add(a->refused[why], 1);
    return why;
}
