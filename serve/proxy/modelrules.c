#include "serve/proxy/modelrules.h"

#include "serve/events/eventclass.h"
#include "serve/proxy/job.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/model/weighing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INCOMPLETE_US = 1000000 };

/* ---- references ---- */

static struct souk_model_rules *keep(struct souk_model_rules *r)
{
    atomic_fetch_add(&r->references, 1);
    return r;
}

void souk_model_rules_give(struct souk_model_rules *r)
{
    if (!r || atomic_fetch_sub(&r->references, 1) > 1)
        return;
    souk_history_rule_fini(&r->history);
    souk_foldin_fini(&r->foldin);
    free(r);
}

/* ---- asking the shards ---- */

/* Shares of the Gram matrix as they come in. */
struct shares {
    int64_t size;  /* doubles of one */
    double *share; /* [parts x size] */
    bool *here;    /* [parts] */
};

static bool read_types(const struct souk_message *m, struct souk_model_weighing *w)
{
    const msgpack_object *list = souk_message_get(m, "types");
    const char *weighting = NULL;
    size_t len = 0;
    if (!list || list->type != MSGPACK_OBJECT_ARRAY ||
        list->via.array.size > SOUK_EVENT_TYPES_MAX ||
        !souk_message_text(m, "weighting", SOUK_NAME_MAX_BYTES, &weighting, &len) || !weighting ||
        !souk_weighting_of_name(weighting, len, &w->weighting))
        return false;
    for (uint32_t t = 0; t < list->via.array.size; t++) {
        const struct souk_message one = {.unpacked = {.data = list->via.array.ptr[t]}};
        const char *name = NULL;
        if (list->via.array.ptr[t].type != MSGPACK_OBJECT_MAP ||
            !souk_message_text(&one, "name", SOUK_NAME_MAX_BYTES, &name, &len) || !name ||
            !souk_message_map_number(&list->via.array.ptr[t], "weight", &w->types[t].weight) ||
            !(w->types[t].weight >= 0) ||
            !souk_message_bool(&one, "target", &w->types[t].is_target))
            return false;
        memcpy(w->types[t].name, name, len);
    }
    w->type_count = (int)list->via.array.size;
    return true;
}

/* What every shard says alike. */
static bool read_rules(const struct souk_job *j, const struct souk_message *m,
                       struct souk_model_rules *r)
{
    const char *text = NULL;
    size_t len = 0;
    int64_t factors = -1;
    if (!souk_message_int(m, "factors", 0, SOUK_FACTORS_MAX, &factors) || factors < 0 ||
        !souk_message_int(m, "neighbours", 0, INT32_MAX, &r->neighbours) ||
        !souk_message_text(m, "parameters", SOUK_WIRE_BYTES_MAX, &text, &len) || !text ||
        !read_types(m, &r->weighing))
        return false;
    char *parameters = souk_strndup(text, len);
    souk_status status = parameters ? SOUK_OK : SOUK_ENOMEM;
    if (status == SOUK_OK)
        status = souk_history_rule_init(j->view.kind, parameters, &r->history, NULL);
    if (status == SOUK_OK && souk_foldin_is_served((int)factors, j->view.parts))
        status = souk_foldin_init_from(j->view.kind, (int)factors, j->view.catalogue, parameters,
                                       &r->foldin, NULL);
    free(parameters);
    return status == SOUK_OK || status == SOUK_EFORMAT; /* says too little: nobody is folded in */
}

static bool make_room(const struct souk_job *j, const struct souk_foldin *f, struct shares *s)
{
    const size_t parts = (size_t)j->view.parts;
    s->size = souk_foldin_share_size(f->factors);
    s->share = souk_alloc_array(parts * (size_t)s->size, sizeof *s->share);
    s->here = souk_zalloc_array(parts, sizeof *s->here);
    return s->share && s->here;
}

/* The shares in a shard's answer; its parts are shard, shard + shards, ...
 * @return the first of the shard's parts that it has left out; 0: nothing can be read, or all is
 *         there */
static int64_t read_shares(const struct souk_job *j, int shard, int64_t from,
                           const struct souk_message *m, struct shares *s)
{
    const int64_t shards = souk_topology_shards(j->topology);
    const void *data = NULL;
    int64_t count = 0, part_count = 0;
    if (!souk_message_array(m, "gram", (size_t)s->size * sizeof(double), &data, &count) ||
        !souk_message_int(m, "part_count", 0, SOUK_PARTS_MAX, &part_count))
        return 0;
    for (int64_t k = 0; k < count; k++) {
        const int64_t part = shard + (from + k) * shards;
        if (part >= j->view.parts)
            return 0;
        memcpy(s->share + part * s->size,
               (const char *)data + (size_t)(k * s->size) * sizeof(double),
               (size_t)s->size * sizeof(double));
        s->here[part] = true;
    }
    return count > 0 && from + count < part_count ? from + count : 0;
}

/* Ask for what stands from part `from` of each shard on. @return where to go on; 0: nowhere */
static int64_t ask_rules(struct souk_job *j, int64_t from, struct souk_model_rules *r,
                         struct shares *s, bool *known)
{
    int64_t next = 0;
    souk_job_start_question(j, "rules", 1);
    souk_writer_put_int(&j->space->question, "from", from);
    if (!souk_job_ask_aside(j))
        return 0;
    for (int shard = 0; shard < souk_topology_shards(j->topology); shard++) {
        const struct souk_message *m = souk_job_said(j, shard);
        if (m && !*known) {
            *known = read_rules(j, m, r);
            if (!*known || (souk_foldin_needs_gram(&r->foldin) && !make_room(j, &r->foldin, s)))
                return 0;
        }
        const int64_t left = m && s->share ? read_shares(j, shard, from, m, s) : 0;
        if (left > 0 && (next == 0 || left < next))
            next = left;
    }
    return next;
}

/* Add up in the order of the parts. @return false: some are missing */
static bool add_shares(const struct souk_job *j, const struct shares *s, struct souk_foldin *f)
{
    bool whole = s->here != NULL;
    for (int64_t p = 0; p < j->view.parts && whole; p++)
        whole = s->here[p];
    for (int64_t p = 0; p < j->view.parts && whole; p++)
        souk_foldin_add_share(f, s->share + p * s->size);
    for (int64_t c = 0; c < (int64_t)f->factors * f->factors && whole; c++)
        whole = isfinite(f->gram[c]);
    return whole;
}

static struct souk_model_rules *fetch(struct souk_job *j)
{
    struct souk_model_rules *r = souk_zalloc_array(1, sizeof *r);
    struct shares s = {.share = NULL};
    bool known = false;
    int64_t from = 0;
    if (!r)
        return NULL;
    atomic_init(&r->references, 1);
    memcpy(r->model, j->view.model, sizeof r->model);
    do
        from = ask_rules(j, from, r, &s, &known);
    while (from > 0);
    if (known)
        r->folds = souk_foldin_needs_gram(&r->foldin) ? add_shares(j, &s, &r->foldin)
                                                      : r->foldin.kind != SOUK_FOLDIN_NONE;
    const bool whole = r->folds || r->foldin.kind == SOUK_FOLDIN_NONE;
    r->until_us = whole ? INT64_MAX : souk_monotonic_us() + INCOMPLETE_US;
    free(s.share);
    free(s.here);
    if (!known || j->stale) {
        souk_model_rules_give(r);
        return NULL;
    }
    return r;
}

/* ---- the shelf ---- */

void souk_rules_shelf_init(struct souk_rules_shelf *s)
{
    pthread_condattr_t clock;
    *s = (struct souk_rules_shelf){.fetching = false};
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->fetched, &clock);
    pthread_condattr_destroy(&clock);
}

void souk_rules_shelf_fini(struct souk_rules_shelf *s)
{
    for (int i = 0; i < SOUK_RULES_KEPT; i++)
        souk_model_rules_give(s->kept[i]);
    pthread_cond_destroy(&s->fetched);
    pthread_mutex_destroy(&s->lock);
}

/* Under the lock. @return the place of a model's rules; -1: there are none */
static int place_of(const struct souk_rules_shelf *s, const char *model)
{
    for (int i = 0; i < SOUK_RULES_KEPT; i++)
        if (s->kept[i] && strcmp(s->kept[i]->model, model) == 0)
            return i;
    return -1;
}

/* Under the lock. @return a reference, or NULL */
static struct souk_model_rules *find(const struct souk_rules_shelf *s, const char *model)
{
    const int at = place_of(s, model);
    return at >= 0 && s->kept[at]->until_us > souk_monotonic_us() ? keep(s->kept[at]) : NULL;
}

/* Under the lock. */
static void put(struct souk_rules_shelf *s, struct souk_model_rules *r)
{
    int at = place_of(s, r->model);
    if (at < 0) {
        at = s->oldest;
        s->oldest = (s->oldest + 1) % SOUK_RULES_KEPT;
    }
    souk_model_rules_give(s->kept[at]);
    s->kept[at] = keep(r);
}

/* Wait for whoever fetches. Under the lock. @return false: no time is left */
static bool wait_for_fetch(struct souk_rules_shelf *s, int64_t deadline_us)
{
    const struct timespec until = {.tv_sec = deadline_us / 1000000,
                                   .tv_nsec = deadline_us % 1000000 * 1000};
    return pthread_cond_timedwait(&s->fetched, &s->lock, &until) != ETIMEDOUT;
}

struct souk_model_rules *souk_model_rules_take(struct souk_job *j)
{
    struct souk_rules_shelf *s = j->shelf;
    struct souk_model_rules *r;
    bool in_time = true;
    pthread_mutex_lock(&s->lock);
    while (!(r = find(s, j->view.model)) && s->fetching && in_time)
        in_time = wait_for_fetch(s, j->deadline_us);
    const bool fetches = !r && in_time;
    s->fetching |= fetches;
    pthread_mutex_unlock(&s->lock);
    if (!fetches)
        return r;
    r = fetch(j);
    pthread_mutex_lock(&s->lock);
    if (r)
        put(s, r);
    s->fetching = false;
    pthread_cond_broadcast(&s->fetched);
    pthread_mutex_unlock(&s->lock);
    return r;
}

int souk_model_rules_type(const struct souk_model_rules *r, const char *name, size_t len)
{
    const struct souk_model_weighing *w = &r->weighing;
    for (int t = 0; t < w->type_count; t++)
        if (strlen(w->types[t].name) == len && memcmp(w->types[t].name, name, len) == 0)
            return t;
    return w->type_count == 0 ? 0 : -1;
}

int souk_model_rules_type_like(const struct souk_model_rules *r, const char *name, size_t len)
{
    const struct souk_model_weighing *w = &r->weighing;
    char text[SOUK_ID_MAX_BYTES + 1];
    int type = souk_model_rules_type(r, name, len);
    snprintf(text, sizeof text, "%.*s", (int)len, name);
    const enum souk_event_class class = souk_event_class_of(text);
    for (int t = 0; t < w->type_count && type < 0 && class != SOUK_CLASS_OTHER; t++)
        type = souk_event_class_of(w->types[t].name) == class ? t : -1;
    return type;
}
