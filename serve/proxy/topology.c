#include "serve/proxy/topology.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UPSTREAMS_MAX = 1024, ASK_EVERY_MS = 100, ASK_TIMEOUT_MS = 1000 };

struct souk_topology {
    int shards, count;
    struct souk_upstream *upstreams; /* [count], by shard */
    struct souk_call *calls;         /* [count], of the asking thread */
    struct souk_version_vote *votes; /* [count], of the view that is being made */
    int *first;                      /* [shards + 1], index of each shard's first upstream */
    struct souk_balancer *balancers; /* [shards], under the lock */
    atomic_int limit;                /* of requests at once */
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the view changed, or somebody wants it to */
    bool stopping, wanted;
    struct souk_view view;
};

/* ---- the view ---- */

static void refuse(struct souk_view *v, enum souk_wire_status status, const char *text)
{
    if (v->status != SOUK_WIRE_TOPOLOGY) { /* a misfit weighs more than an absence */
        v->status = status;
        snprintf(v->reason, sizeof v->reason, "%s", text);
    }
}

static void check_upstream(struct souk_view *v, const struct souk_upstream *u, int shards)
{
    const struct souk_replica_facts *f = &u->facts;
    char text[256];
    text[0] = '\0';
    if (f->shards != shards)
        snprintf(text, sizeof text, "%s is one of %lld shards, the proxy was given %d",
                 u->caller.url, (long long)f->shards, shards);
    else if (f->shard != u->shard)
        snprintf(text, sizeof text,
                 "%s holds shard %lld where shard %d is wanted: its parts overlap another's",
                 u->caller.url, (long long)f->shard, u->shard);
    if (text[0])
        refuse(v, SOUK_WIRE_TOPOLOGY, text);
}

const struct souk_version_facts *souk_replica_facts_of(const struct souk_replica_facts *facts,
                                                       const char *model)
{
    for (int i = 0; i < facts->version_count; i++)
        if (strcmp(facts->versions[i].model, model) == 0)
            return &facts->versions[i];
    return NULL;
}

static bool holds(const struct souk_upstream *u, const char *model)
{
    const struct souk_version_facts *v =
        u->facts.known ? souk_replica_facts_of(&u->facts, model) : NULL;
    return v && v->held;
}

/* @return false: the replica has no say */
static bool vote_of(const struct souk_upstream *u, struct souk_version_vote *vote)
{
    const struct souk_replica_facts *f = &u->facts;
    *vote = (struct souk_version_vote){.shard = u->shard};
    for (int i = 0; i < f->version_count; i++) {
        if (f->versions[i].held) {
            vote->id[vote->count] = f->versions[i].model;
            vote->created_ms[vote->count++] = f->versions[i].created_ms;
        }
    }
    return f->alive && f->ready && vote->count > 0;
}

/* Whether the version in use may stay though not every shard holds it: the shards that do give
 * partial answers, and so does whoever comes back. */
static bool is_left(const struct souk_topology *t, int votes, const char *in_use)
{
    bool left = votes == 0 && in_use[0];
    for (int i = 0; i < t->count && !left; i++)
        left = in_use[0] && t->upstreams[i].facts.alive && holds(&t->upstreams[i], in_use);
    return left;
}

static void refuse_version(struct souk_topology *t, struct souk_view *v, int votes)
{
    char text[256];
    const struct souk_version_vote *first = &t->votes[0];
    for (int i = 1; i < votes; i++) {
        const struct souk_version_vote *other = &t->votes[i];
        if (other->shard != first->shard && strcmp(other->id[0], first->id[0]) != 0) {
            snprintf(text, sizeof text, "shard %d serves model %s, shard %d serves %s",
                     other->shard, other->id[0], first->shard, first->id[0]);
            refuse(v, SOUK_WIRE_TOPOLOGY, text);
            return;
        }
    }
    refuse(v, SOUK_WIRE_UNAVAILABLE, "no replica is ready");
}

static void take_version(struct souk_topology *t, struct souk_view *v)
{
    const char *in_use = t->view.model, *chosen;
    int votes = 0;
    for (int i = 0; i < t->count; i++)
        votes += vote_of(&t->upstreams[i], &t->votes[votes]);
    chosen = souk_version_choose(t->votes, votes, in_use);
    if (!chosen && is_left(t, votes, in_use))
        chosen = in_use;
    if (!chosen) {
        refuse_version(t, v, votes);
        return;
    }
    snprintf(v->model, sizeof v->model, "%s", chosen);
    for (int i = 0; i < t->count; i++) {
        const struct souk_version_facts *f = souk_replica_facts_of(&t->upstreams[i].facts, chosen);
        if (f) {
            snprintf(v->kind, sizeof v->kind, "%s", f->kind);
            v->parts = f->parts;
            v->catalogue = f->catalogue;
            v->sources = f->sources;
        }
    }
}

/* A shard of which nothing can be asked does not count: answers are partial, not fewer. */
static void update_limit(struct souk_topology *t)
{
    const int64_t now = souk_monotonic_us();
    int least = INT_MAX;
    for (int s = 0; s < t->shards; s++) {
        const int limit = souk_balancer_limit(&t->balancers[s], now);
        least = limit > 0 && limit < least ? limit : least;
    }
    atomic_store(&t->limit, least);
}

/* Call with the lock held. A replica that is away does not change what it was. */
static void compose_view(struct souk_topology *t)
{
    struct souk_view v = {.status = SOUK_WIRE_OK};
    for (int s = 0; s < t->shards; s++) {
        bool known = false;
        for (int i = 0; i < t->count; i++)
            known |= t->upstreams[i].shard == s && t->upstreams[i].facts.known;
        if (!known) {
            char text[64];
            snprintf(text, sizeof text, "no replica of shard %d has answered yet", s);
            refuse(&v, SOUK_WIRE_UNAVAILABLE, text);
        }
    }
    for (int i = 0; i < t->count; i++)
        if (t->upstreams[i].facts.known)
            check_upstream(&v, &t->upstreams[i], t->shards);
    take_version(t, &v);
    if (v.status == SOUK_WIRE_TOPOLOGY && strcmp(v.reason, t->view.reason) != 0)
        souk_log(SOUK_LOG_WARN, "topology", "reason=\"%s\"", v.reason);
    if (v.model[0] && t->view.model[0] && strcmp(v.model, t->view.model) != 0)
        souk_log(SOUK_LOG_INFO, "version", "model=%s before=%s", v.model, t->view.model);
    t->view = v;
    update_limit(t);
    pthread_cond_broadcast(&t->changed);
}

/* ---- asking ---- */

static bool copy_text(const msgpack_object *map, const char *key, char *to)
{
    const msgpack_object *text = souk_message_map_get(map, key);
    if (!text || text->type != MSGPACK_OBJECT_STR || text->via.str.size > SOUK_MODEL_NAME_MAX)
        return false;
    memcpy(to, text->via.str.ptr, text->via.str.size);
    to[text->via.str.size] = '\0';
    return true;
}

/* A count; an absent one is 0. @return false: it is below the least, or no whole number */
static bool copy_count(const msgpack_object *map, const char *key, int64_t least, int64_t *to)
{
    const msgpack_object *number = souk_message_map_get(map, key);
    *to = 0;
    if (number && number->type == MSGPACK_OBJECT_POSITIVE_INTEGER && number->via.u64 <= INT64_MAX)
        *to = (int64_t)number->via.u64;
    else if (number)
        return false;
    return *to >= least;
}

static bool parse_version(const msgpack_object *map, struct souk_version_facts *v)
{
    v->held = true;
    return copy_text(map, "model", v->model) && copy_text(map, "kind", v->kind) &&
           copy_count(map, "parts", 1, &v->parts) && copy_count(map, "items", 0, &v->items) &&
           copy_count(map, "catalogue", 0, &v->catalogue) &&
           copy_count(map, "created_ms", 0, &v->created_ms) &&
           copy_count(map, "sources", 0, &v->sources);
}

/* The versions of a replica; one that knows no `versions` has one, at the top. */
static bool parse_versions(const struct souk_message *m, struct souk_replica_facts *f)
{
    const msgpack_object *list = souk_message_get(m, "versions");
    if (!list) {
        f->version_count = 1;
        return parse_version(&m->unpacked.data, &f->versions[0]);
    }
    if (list->type != MSGPACK_OBJECT_ARRAY || list->via.array.size > SOUK_VERSIONS_KNOWN)
        return false;
    for (uint32_t i = 0; i < list->via.array.size; i++)
        if (!parse_version(&list->via.array.ptr[i], &f->versions[f->version_count++]))
            return false;
    return true;
}

static bool parse_facts(const void *bytes, size_t len, struct souk_replica_facts *facts)
{
    struct souk_message m;
    char reason[64], state[SOUK_MODEL_NAME_MAX + 1] = "ready";
    int64_t status = -1;
    struct souk_replica_facts f = {.known = true, .alive = true, .shard = -1};
    const bool good =
        souk_message_parse(&m, bytes, len, reason, sizeof reason) == SOUK_WIRE_OK &&
        souk_message_int(&m, "status", 0, INT32_MAX, &status) && status == SOUK_WIRE_OK &&
        souk_message_int(&m, "shard", 0, INT32_MAX, &f.shard) &&
        souk_message_int(&m, "shards", 1, INT32_MAX, &f.shards) && parse_versions(&m, &f);
    if (good) {
        if (souk_message_get(&m, "state") && !copy_text(&m.unpacked.data, "state", state))
            state[0] = '\0';
        f.ready = strcmp(state, "ready") == 0;
        *facts = f;
    }
    souk_message_fini(&m);
    return good;
}

/* Versions that the replica held a while ago stay known, behind those that it holds. */
static void keep_older_versions(struct souk_replica_facts *f, const struct souk_replica_facts *old)
{
    for (int i = 0; i < old->version_count && f->version_count < SOUK_VERSIONS_KNOWN; i++) {
        if (!souk_replica_facts_of(f, old->versions[i].model)) {
            f->versions[f->version_count] = old->versions[i];
            f->versions[f->version_count++].held = false;
        }
    }
}

static void write_health(struct souk_writer *w)
{
    souk_writer_map(w, 2);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", "health");
}

static void note_answer(struct souk_topology *t, int i, souk_status status, const void *bytes,
                        size_t len)
{
    struct souk_upstream *u = &t->upstreams[i];
    struct souk_replica_facts facts;
    const bool good = status == SOUK_OK && parse_facts(bytes, len, &facts);
    pthread_mutex_lock(&t->lock);
    const bool was_alive = u->facts.alive;
    if (good) {
        keep_older_versions(&facts, &u->facts);
        u->facts = facts;
    } else {
        u->facts.alive = false;
    }
    pthread_mutex_unlock(&t->lock);
    if (good != was_alive)
        souk_log(good ? SOUK_LOG_INFO : SOUK_LOG_WARN, good ? "replica_up" : "replica_down",
                 "replica=%s shard=%d", u->caller.url, u->shard);
}

/* One round: those that are connected, all at once. */
static void ask_all(struct souk_topology *t, const struct souk_writer *health)
{
    bool *asked = souk_zalloc_array((size_t)t->count, sizeof *asked);
    for (int i = 0; i < t->count && asked; i++) {
        asked[i] = souk_caller_is_connected(&t->upstreams[i].caller) &&
                   souk_call_begin(&t->calls[i], health->buffer.data, health->buffer.size,
                                   ASK_TIMEOUT_MS) == SOUK_OK;
        if (!asked[i])
            note_answer(t, i, SOUK_EUNAVAILABLE, NULL, 0);
    }
    for (int i = 0; i < t->count && asked; i++) {
        const void *bytes = NULL;
        size_t len = 0;
        if (asked[i]) {
            const souk_status status = souk_call_end(&t->calls[i], ASK_TIMEOUT_MS, &bytes, &len);
            note_answer(t, i, status, bytes, len);
        }
    }
    free(asked);
    pthread_mutex_lock(&t->lock);
    compose_view(t);
    pthread_mutex_unlock(&t->lock);
}

/* Sleep until it is time, or wanted. While a replica is missing the time is short. */
static void rest(struct souk_topology *t)
{
    struct timespec until;
    int64_t ms = ASK_EVERY_MS;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < t->count; i++)
        if (!t->upstreams[i].facts.alive)
            ms = 20;
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

static void *keep_asking(void *argument)
{
    struct souk_topology *t = argument;
    struct souk_writer health;
    souk_writer_init(&health);
    write_health(&health);
    while (!is_stopping(t)) {
        ask_all(t, &health);
        rest(t);
    }
    souk_writer_fini(&health);
    return NULL;
}

/* ---- making ---- */

static souk_status add_upstream(struct souk_topology *t, const char *url, int shard,
                                struct souk_error *err)
{
    struct souk_upstream *u = &t->upstreams[t->count];
    souk_status status;
    if (t->count == UPSTREAMS_MAX)
        return souk_fail(err, SOUK_EUSAGE, "--shards: more than %d replicas", UPSTREAMS_MAX);
    u->shard = shard;
    status = souk_caller_init(&u->caller, url, err);
    if (status)
        return souk_error_prefix(err, status, "--shards");
    status = souk_call_init(&t->calls[t->count], &u->caller, err);
    t->count++;
    return status;
}

static souk_status parse_spec(struct souk_topology *t, char *spec, struct souk_error *err)
{
    char *rest_of_spec = NULL, *rest_of_shard = NULL;
    souk_status status = SOUK_OK;
    for (char *shard = strtok_r(spec, " \t\n", &rest_of_spec); shard && !status;
         shard = strtok_r(NULL, " \t\n", &rest_of_spec), t->shards++)
        for (char *url = strtok_r(shard, ",", &rest_of_shard); url && !status;
             url = strtok_r(NULL, ",", &rest_of_shard))
            status = add_upstream(t, url, t->shards, err);
    if (!status && t->count == 0)
        status = souk_fail(err, SOUK_EUSAGE, "--shards names no replica");
    return status;
}

static souk_status make_balancers(struct souk_topology *t, struct souk_error *err)
{
    const uint64_t seed = (uint64_t)souk_monotonic_us(); /* proxies must not choose in step */
    t->first = souk_zalloc_array((size_t)t->shards + 1, sizeof *t->first);
    t->balancers = souk_zalloc_array((size_t)t->shards, sizeof *t->balancers);
    if (!t->first || !t->balancers)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the topology");
    for (int i = 0; i < t->count; i++)
        t->first[t->upstreams[i].shard + 1] = i + 1;
    for (int s = 0; s < t->shards; s++) {
        const int count = t->first[s + 1] - t->first[s];
        if (count > SOUK_BALANCER_REPLICAS_MAX)
            return souk_fail(err, SOUK_EUSAGE, "--shards: shard %d has more than %d replicas", s,
                             SOUK_BALANCER_REPLICAS_MAX);
        souk_balancer_init(&t->balancers[s], count, &souk_balancer_defaults, seed + (uint64_t)s);
    }
    return SOUK_OK;
}

souk_status souk_topology_start(const char *spec, struct souk_topology **out,
                                struct souk_error *err)
{
    struct souk_topology *t = souk_zalloc_array(1, sizeof *t);
    char *copy = souk_strndup(spec, strlen(spec));
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!t || !copy) {
        free(t);
        free(copy);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the topology");
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    t->view.status = SOUK_WIRE_UNAVAILABLE;
    t->upstreams = souk_zalloc_array(UPSTREAMS_MAX, sizeof *t->upstreams);
    t->calls = souk_zalloc_array(UPSTREAMS_MAX, sizeof *t->calls);
    t->votes = souk_zalloc_array(UPSTREAMS_MAX, sizeof *t->votes);
    if (!t->upstreams || !t->calls || !t->votes)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the topology");
    if (!status)
        status = parse_spec(t, copy, err);
    if (!status)
        status = make_balancers(t, err);
    if (!status && pthread_create(&t->thread, NULL, keep_asking, t) != 0)
        status = souk_fail(err, SOUK_ENOMEM, "cannot start a thread");
    t->threaded = !status;
    free(copy);
    if (status) {
        souk_topology_stop(t);
        return status;
    }
    *out = t;
    return SOUK_OK;
}

void souk_topology_stop(struct souk_topology *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    if (t->threaded)
        pthread_join(t->thread, NULL);
    for (int i = 0; i < t->count; i++) {
        souk_call_fini(&t->calls[i]);
        souk_caller_fini(&t->upstreams[i].caller);
    }
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t->upstreams);
    free(t->calls);
    free(t->votes);
    free(t->first);
    free(t->balancers);
    free(t);
}

/* ---- asking the topology ---- */

int souk_topology_shards(const struct souk_topology *t)
{
    return t->shards;
}

int souk_topology_upstreams(const struct souk_topology *t)
{
    return t->count;
}

struct souk_upstream *souk_topology_upstream(struct souk_topology *t, int index)
{
    return &t->upstreams[index];
}

void souk_topology_view(struct souk_topology *t, struct souk_view *view)
{
    pthread_mutex_lock(&t->lock);
    *view = t->view;
    pthread_mutex_unlock(&t->lock);
}

void souk_topology_facts(struct souk_topology *t, int index, struct souk_replica_facts *facts)
{
    pthread_mutex_lock(&t->lock);
    *facts = t->upstreams[index].facts;
    pthread_mutex_unlock(&t->lock);
}

/* Places of the shard's replicas that can be asked; call with the lock held. Those that are not
 * ready, or missed their last probe, count where there is nobody else: all of them may just be
 * busy.
 */
static uint64_t usable_places(const struct souk_topology *t, int shard, const char *model,
                              uint64_t tried)
{
    uint64_t connected = 0, alive = 0, ready = 0;
    for (int i = t->first[shard]; i < t->first[shard + 1]; i++) {
        const struct souk_upstream *u = &t->upstreams[i];
        const uint64_t place = UINT64_C(1) << (i - t->first[shard]);
        if (!holds(u, model) || !souk_caller_is_connected(&u->caller))
            continue;
        connected |= place;
        alive |= u->facts.alive ? place : 0;
        ready |= u->facts.alive && u->facts.ready ? place : 0;
    }
    return ready & ~tried ? ready : alive & ~tried ? alive : connected;
}

/* Places that an extra question must not go to. */
static uint64_t unwell_places(const struct souk_topology *t, int shard, int64_t now)
{
    uint64_t unwell = ~souk_balancer_healthy(&t->balancers[shard], now);
    for (int i = t->first[shard]; i < t->first[shard + 1]; i++)
        if (!t->upstreams[i].facts.alive || !t->upstreams[i].facts.ready)
            unwell |= UINT64_C(1) << (i - t->first[shard]);
    return unwell;
}

enum souk_wire_status souk_topology_choose(struct souk_topology *t, int shard, const char *model,
                                           uint64_t tried, enum souk_choice_kind kind,
                                           struct souk_choice *choice)
{
    const int64_t now = souk_monotonic_us();
    int place = -1;
    pthread_mutex_lock(&t->lock);
    const uint64_t usable = usable_places(t, shard, model, tried);
    if (kind == SOUK_CHOICE_EXTRA)
        tried |= unwell_places(t, shard, now);
    place =
        souk_balancer_choose(&t->balancers[shard], usable, tried, kind == SOUK_CHOICE_NEXT, now);
    if (place >= 0) {
        const int i = t->first[shard] + place;
        *choice = (struct souk_choice){i, place,
                                       souk_replica_facts_of(&t->upstreams[i].facts, model)->items};
    }
    pthread_mutex_unlock(&t->lock);
    if (place >= 0)
        return SOUK_WIRE_OK;
    return place == SOUK_BALANCER_FULL ? SOUK_WIRE_OVERLOADED : SOUK_WIRE_UNAVAILABLE;
}

const atomic_int *souk_topology_limit(const struct souk_topology *t)
{
    return &t->limit;
}

void souk_topology_standing(struct souk_topology *t, int index, struct souk_standing *standing)
{
    const struct souk_upstream *u = &t->upstreams[index];
    const struct souk_balancer *b = &t->balancers[u->shard];
    const int place = index - t->first[u->shard];
    pthread_mutex_lock(&t->lock);
    const struct souk_balancer_replica *r = &b->replica[place];
    *standing = (struct souk_standing){
        .outstanding = r->outstanding,
        .limit = souk_limiter_now(&r->limiter),
        .ejected = !(souk_balancer_healthy(b, souk_monotonic_us()) >> place & 1),
        .ejected_for_failures = r->ejected_for_failures,
        .ejected_as_slow = r->ejected_as_slow};
    pthread_mutex_unlock(&t->lock);
}

int64_t souk_topology_panics(struct souk_topology *t, int shard)
{
    pthread_mutex_lock(&t->lock);
    const int64_t panics = t->balancers[shard].panics;
    pthread_mutex_unlock(&t->lock);
    return panics;
}

void souk_topology_report(struct souk_topology *t, const struct souk_choice *choice,
                          enum souk_outcome outcome, int64_t took_us)
{
    const struct souk_upstream *u = &t->upstreams[choice->upstream];
    struct souk_balancer *b = &t->balancers[u->shard];
    const int64_t now = souk_monotonic_us();
    pthread_mutex_lock(&t->lock);
    const bool was_in = souk_balancer_healthy(b, now) >> choice->place & 1;
    const int limit = souk_limiter_now(&b->replica[choice->place].limiter);
    souk_balancer_report(b, choice->place, outcome, took_us, now);
    const int64_t out_us = b->replica[choice->place].back_us - now;
    if (limit != souk_limiter_now(&b->replica[choice->place].limiter))
        update_limit(t);
    pthread_mutex_unlock(&t->lock);
    if (was_in && out_us > 0)
        souk_log(SOUK_LOG_WARN, "replica_ejected", "replica=%s shard=%d for_ms=%lld", u->caller.url,
                 u->shard, (long long)(out_us / 1000));
}

void souk_topology_lost(struct souk_topology *t, int index, const char *model)
{
    struct souk_replica_facts *f = &t->upstreams[index].facts;
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < f->version_count; i++)
        f->versions[i].held &= strcmp(f->versions[i].model, model) != 0;
    compose_view(t);
    t->wanted = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

bool souk_topology_wait(struct souk_topology *t, int64_t timeout_ms)
{
    const int64_t end = souk_monotonic_us() + timeout_ms * 1000;
    struct souk_view view;
    do {
        const struct timespec pause = {.tv_nsec = 5000000};
        souk_topology_view(t, &view);
        if (view.status == SOUK_WIRE_OK)
            return true;
        nanosleep(&pause, NULL);
    } while (souk_monotonic_us() < end);
    return false;
}
