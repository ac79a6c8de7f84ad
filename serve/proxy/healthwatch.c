#include "serve/proxy/healthwatch.h"

#include "serve/proxy/fleetview.h"
#include "serve/proxy/membership.h"
#include "shared/base/log.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ASK_EVERY_MS = 100, ASK_MISSING_MS = 20, ASK_TIMEOUT_MS = 1000 };

/* ---- one question ---- */

bool souk_healthwatch_begin(struct souk_upstream *u)
{
    struct souk_writer w;
    bool begun;
    if (!souk_caller_is_connected(&u->caller))
        return false;
    souk_writer_init(&w);
    souk_writer_map(&w, 2);
    souk_writer_put_int(&w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(&w, "op", "health");
    begun = !w.failed &&
            souk_call_begin(&u->call, w.buffer.data, w.buffer.size, ASK_TIMEOUT_MS) == SOUK_OK;
    souk_writer_fini(&w);
    return begun;
}

bool souk_healthwatch_end(struct souk_upstream *u, struct souk_replica_facts *facts)
{
    const void *bytes = NULL;
    size_t len = 0;
    return souk_call_end(&u->call, ASK_TIMEOUT_MS, &bytes, &len) == SOUK_OK &&
           souk_replica_facts_parse(bytes, len, facts);
}

/* ---- the answers ---- */

static bool fits(const struct souk_topology *t, const struct souk_upstream *u,
                 const struct souk_replica_facts *facts, char *reason, size_t size)
{
    bool good = souk_replica_facts_fit(facts, u->shard, t->shards, reason, size);
    for (int i = 0; i < t->bound && good; i++) {
        const struct souk_upstream *other = &t->upstreams[i];
        if (other != u && souk_upstream_is_member(other) && !other->misfit)
            good = souk_replica_facts_agree(facts, &other->facts, reason, size);
    }
    return good;
}

void souk_healthwatch_take(struct souk_topology *t, struct souk_upstream *u,
                           const struct souk_replica_facts *facts)
{
    char reason[sizeof u->reason] = "";
    struct souk_replica_facts now = *facts;
    souk_replica_facts_keep_older(&now, &u->facts);
    u->misfit = !fits(t, u, facts, reason, sizeof reason);
    memcpy(u->reason, reason, sizeof u->reason);
    u->facts = now;
}

static void note_answer(struct souk_topology *t, struct souk_upstream *u,
                        const struct souk_replica_facts *facts)
{
    pthread_mutex_lock(&t->lock);
    const bool was_alive = u->facts.alive, was_misfit = u->misfit;
    if (facts)
        souk_healthwatch_take(t, u, facts);
    else
        u->facts.alive = false;
    const bool misfit = u->misfit;
    pthread_mutex_unlock(&t->lock);
    if ((facts != NULL) != was_alive)
        souk_log(facts ? SOUK_LOG_INFO : SOUK_LOG_WARN, facts ? "replica_up" : "replica_down",
                 "replica=%s shard=%d", u->caller.url, u->shard);
    if (misfit && !was_misfit)
        souk_log(SOUK_LOG_ERROR, "replica_misfit", "replica=%s shard=%d reason=\"%s\"",
                 u->caller.url, u->shard, u->reason);
}

/* ---- rounds ---- */

/* Those that are to be asked; only this thread closes them. @return how many */
static int take_members(struct souk_topology *t)
{
    int count = 0;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < t->bound; i++)
        if (souk_upstream_is_member(&t->upstreams[i]))
            t->round[count++] = i;
    pthread_mutex_unlock(&t->lock);
    return count;
}

/* One round: those that are connected, all at once. */
static void ask_all(struct souk_topology *t)
{
    const int count = take_members(t);
    int asked = 0;
    for (int k = 0; k < count; k++) {
        struct souk_upstream *u = &t->upstreams[t->round[k]];
        if (souk_healthwatch_begin(u))
            t->round[asked++] = t->round[k];
        else
            note_answer(t, u, NULL);
    }
    for (int k = 0; k < asked; k++) {
        struct souk_upstream *u = &t->upstreams[t->round[k]];
        struct souk_replica_facts facts;
        const bool good = souk_healthwatch_end(u, &facts);
        note_answer(t, u, good ? &facts : NULL);
    }
    pthread_mutex_lock(&t->lock);
    souk_fleetview_compose(t);
    pthread_mutex_unlock(&t->lock);
}

/* Sleep until it is time, or wanted. While a replica is missing, or leaves, the time is short. */
static void rest(struct souk_topology *t)
{
    struct timespec until;
    int64_t ms = ASK_EVERY_MS;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < t->bound; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        if ((souk_upstream_is_member(u) && !u->facts.alive) || u->state == SOUK_SLOT_LEAVING)
            ms = ASK_MISSING_MS;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(ms * 1000000);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!t->stopping && !t->wanted && pthread_cond_timedwait(&t->changed, &t->lock, &until) == 0)
        ;
    t->wanted = false;
    pthread_mutex_unlock(&t->lock);
}

static bool is_stopping(struct souk_topology *t)
{
    pthread_mutex_lock(&t->lock);
    const bool stopping = t->stopping;
    pthread_mutex_unlock(&t->lock);
    return stopping;
}

void *souk_healthwatch_run(void *argument)
{
    struct souk_topology *t = argument;
    while (!is_stopping(t)) {
        ask_all(t);
        souk_membership_retire(t);
        rest(t);
    }
    return NULL;
}
