#include "serve/events/recentevents.h"

#include "serve/events/erasedvisitors.h"
#include "serve/events/storereaders.h"
#include "serve/events/visitortimeline.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>
#include <utlist.h>

enum {
    SHARDS = 256,
    READERS = 4,
    WATCH_MS = 500,
    PAUSE_US = 250000,  /* before a store that is away is asked again */
    MARKS_US = 2000000, /* marks of erasure are read again at most so often */
};

/* A visitor in memory. */
struct visitor {
    char *id;
    size_t id_len;
    int64_t since_ms; /* nothing from before was read */
    int64_t erased_ms;
    struct souk_visitor_timeline *timeline;
    bool lost; /* could not be put into the table */
    UT_hash_handle hh;
    struct visitor *prev, *next; /* by when it was asked for, the latest first */
};

struct shard {
    pthread_mutex_t lock;
    struct visitor *table, *order;
    size_t bytes;
    /* Counts what happened to visitors who are not in memory: what was read meanwhile may be old.
     */
    uint64_t changes;
};

struct souk_recent_events {
    struct shard shards[SHARDS];
    size_t shard_bytes_max;
    struct souk_store_readers *readers;
    struct souk_erased_visitors *erased;
    bool marks_are_old; /* the watcher's, as is the next */
    int64_t marks_us;   /* when they were read */
    souk_event_changed changed;
    void *context;
    char *url;
    struct souk_counter *hits, *reads, *failures, *forgotten;
    struct souk_gauge *bytes, *erased_count;
    pthread_t watcher;
    bool watching;
    atomic_bool stopping;
};

/* ---- a shard ---- */

static struct shard *shard_of(struct souk_recent_events *r, const char *user, size_t len)
{
    return &r->shards[souk_hash_bytes(user, len) >> 32 & (SHARDS - 1)];
}

static size_t bytes_of(const struct visitor *v)
{
    return sizeof *v + v->id_len + 1 + souk_visitor_timeline_bytes(v->timeline);
}

static void free_visitor(struct visitor *v)
{
    if (!v)
        return;
    souk_visitor_timeline_free(v->timeline);
    free(v->id);
    free(v);
}

static struct visitor *find(struct shard *s, const char *user, size_t len)
{
    struct visitor *v = NULL;
    HASH_FIND(hh, s->table, user, (unsigned)len, v);
    return v;
}

static void drop(struct souk_recent_events *r, struct shard *s, struct visitor *v)
{
    const size_t bytes = bytes_of(v);
    HASH_DELETE(hh, s->table, v);
    DL_DELETE(s->order, v);
    s->bytes -= bytes;
    souk_gauge_add(r->bytes, -(int64_t)bytes);
    free_visitor(v);
}

/* The latest who asked stays, whatever its size. */
static void make_room(struct souk_recent_events *r, struct shard *s)
{
    while (s->bytes > r->shard_bytes_max && s->order && s->order->next)
        drop(r, s, s->order->prev); /* the head's prev is the tail */
}

static void insert(struct souk_recent_events *r, struct shard *s, struct visitor *v)
{
    HASH_ADD_KEYPTR(hh, s->table, v->id, (unsigned)v->id_len, v);
    if (v->lost) {
        free_visitor(v);
        return;
    }
    DL_PREPEND(s->order, v);
    s->bytes += bytes_of(v);
    souk_gauge_add(r->bytes, (int64_t)bytes_of(v));
    make_room(r, s);
}

static void replace_timeline(struct souk_recent_events *r, struct shard *s, struct visitor *v,
                             struct souk_visitor_timeline *t)
{
    const size_t before = bytes_of(v);
    souk_visitor_timeline_free(v->timeline);
    v->timeline = t;
    s->bytes = s->bytes - before + bytes_of(v);
    souk_gauge_add(r->bytes, (int64_t)bytes_of(v) - (int64_t)before);
}

/* ---- reading ---- */

/* Events as they come out of the store, the latest first. */
struct reading {
    struct souk_recent_event events[SOUK_RECENT_EVENTS_MAX];
    int count;
    bool failed;
};

static bool take_event(void *context, const struct souk_event_record *e)
{
    struct reading *read = context;
    char *item = strdup(e->item), *type = strdup(e->type);
    read->failed = !item || !type || read->count == SOUK_RECENT_EVENTS_MAX;
    if (read->failed) {
        free(item);
        free(type);
        return false;
    }
    read->events[read->count++] =
        (struct souk_recent_event){.item = item, .type = type, .ms = e->ms, .value = e->value};
    return true;
}

static void drop_reading(struct reading *read)
{
    for (int i = 0; i < read->count; i++) {
        free((char *)read->events[i].item);
        free((char *)read->events[i].type);
    }
}

/* Events of one time come out the last stored first: turn all around, sorting keeps their order. */
static struct souk_visitor_timeline *timeline_of(struct reading *read)
{
    for (int i = 0, j = read->count - 1; i < j; i++, j--) {
        const struct souk_recent_event e = read->events[i];
        read->events[i] = read->events[j];
        read->events[j] = e;
    }
    return souk_visitor_timeline_of(read->events, read->count);
}

static souk_status read_visitor(struct souk_recent_events *r, struct visitor *v)
{
    struct souk_event_store *store = NULL;
    struct souk_error err = {0};
    struct reading read = {.count = 0};
    souk_status status = souk_store_readers_take(r->readers, &store, &err);
    if (status)
        return status;
    status = souk_event_store_read_user(store, v->id, v->since_ms, SOUK_RECENT_EVENTS_MAX,
                                        take_event, &read, &err);
    if (!status)
        status = souk_event_store_erased_ms(store, v->id, &v->erased_ms, &err);
    souk_store_readers_give(r->readers, store, status);
    if (!status) {
        v->timeline = read.failed ? NULL : timeline_of(&read);
        status = v->timeline ? SOUK_OK : SOUK_ENOMEM;
    } else {
        souk_log(SOUK_LOG_DEBUG, "events_not_read", "reason=\"%s\"", err.msg);
    }
    drop_reading(&read);
    return status;
}

static struct visitor *new_visitor(const char *user, size_t len, int64_t since_ms)
{
    struct visitor *v = souk_zalloc_array(1, sizeof *v);
    if (!v || !(v->id = strndup(user, len))) {
        free(v);
        return NULL;
    }
    v->id_len = len;
    v->since_ms = since_ms;
    return v;
}

static bool copy(const struct visitor *v, int64_t since_ms, struct souk_recent_list *list)
{
    const int64_t from_ms = v->erased_ms >= since_ms ? v->erased_ms + 1 : since_ms;
    list->erased_ms = v->erased_ms;
    return souk_visitor_timeline_copy(v->timeline, from_ms, list);
}

/* Read the store, and remember it unless something has happened meanwhile. */
static souk_status load(struct souk_recent_events *r, struct shard *s, const char *user, size_t len,
                        int64_t since_ms, uint64_t changes, struct souk_recent_list *list)
{
    struct visitor *v = new_visitor(user, len, since_ms);
    souk_status status = v ? read_visitor(r, v) : SOUK_ENOMEM;
    souk_counter_add(status ? r->failures : r->reads, 1);
    if (!status && !copy(v, since_ms, list))
        status = SOUK_ENOMEM;
    if (status) {
        souk_recent_list_clear(list);
        list->erased_ms = souk_erased_visitors_ms(r->erased, user, len);
        free_visitor(v);
        return status;
    }
    pthread_mutex_lock(&s->lock);
    if (s->changes == changes && !find(s, user, len)) {
        insert(r, s, v);
        v = NULL;
    }
    pthread_mutex_unlock(&s->lock);
    free_visitor(v);
    return SOUK_OK;
}

souk_status souk_recent_events_get(struct souk_recent_events *r, const char *user, size_t len,
                                   int64_t since_ms, struct souk_recent_list *list)
{
    struct shard *s = shard_of(r, user, len);
    bool good = false;
    souk_recent_list_clear(list);
    pthread_mutex_lock(&s->lock);
    struct visitor *v = find(s, user, len);
    if (v && v->since_ms > since_ms) { /* more was asked for than was read */
        drop(r, s, v);
        v = NULL;
    }
    if (v) {
        good = copy(v, since_ms, list);
        DL_DELETE(s->order, v);
        DL_PREPEND(s->order, v);
    }
    const uint64_t changes = s->changes;
    pthread_mutex_unlock(&s->lock);
    if (!v)
        return load(r, s, user, len, since_ms, changes, list);
    souk_counter_add(r->hits, 1);
    return good ? SOUK_OK : SOUK_ENOMEM;
}

/* ---- what happens ---- */

void souk_recent_events_add(struct souk_recent_events *r, const struct souk_event_record *event)
{
    const size_t len = strlen(event->user);
    struct shard *s = shard_of(r, event->user, len);
    pthread_mutex_lock(&s->lock);
    struct visitor *v = find(s, event->user, len);
    if (!v) {
        s->changes++;
    } else if (event->ms >= v->since_ms) {
        struct souk_visitor_timeline *t = souk_visitor_timeline_with(v->timeline, event);
        if (t)
            replace_timeline(r, s, v, t);
        else
            drop(r, s, v);
        make_room(r, s);
    }
    pthread_mutex_unlock(&s->lock);
}

static void forget_all(struct souk_recent_events *r, struct shard *s)
{
    pthread_mutex_lock(&s->lock);
    s->changes++;
    while (s->order)
        drop(r, s, s->order);
    pthread_mutex_unlock(&s->lock);
}

void souk_recent_events_forget(struct souk_recent_events *r, const char *user)
{
    souk_counter_add(r->forgotten, 1);
    if (!user) {
        for (int i = 0; i < SHARDS; i++)
            forget_all(r, &r->shards[i]);
        return;
    }
    const size_t len = strlen(user);
    struct shard *s = shard_of(r, user, len);
    pthread_mutex_lock(&s->lock);
    struct visitor *v = find(s, user, len);
    s->changes++;
    if (v)
        drop(r, s, v);
    pthread_mutex_unlock(&s->lock);
}

/* ---- watching ---- */

static void note_change(void *context, const char *user)
{
    struct souk_recent_events *r = context;
    r->marks_are_old = true;
    souk_recent_events_forget(r, user);
    r->changed(r->context, user);
}

static void rest(const struct souk_recent_events *r)
{
    const int64_t end_us = souk_monotonic_us() + PAUSE_US;
    while (!atomic_load(&r->stopping) && souk_monotonic_us() < end_us)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static souk_status read_marks(struct souk_recent_events *r, struct souk_event_store *store,
                              struct souk_error *err)
{
    const int64_t now_us = souk_monotonic_us();
    if (!r->marks_are_old || (r->marks_us > 0 && now_us - r->marks_us < MARKS_US))
        return SOUK_OK;
    r->marks_are_old = false;
    r->marks_us = now_us;
    const souk_status status = souk_erased_visitors_load(r->erased, store, err);
    souk_gauge_set(r->erased_count, souk_erased_visitors_count(r->erased));
    return status;
}

/* What was missed while the store was away may be anything. */
static void *watch(void *argument)
{
    struct souk_recent_events *r = argument;
    struct souk_event_store *store = NULL;
    while (!atomic_load(&r->stopping)) {
        struct souk_error err = {0};
        souk_status status = SOUK_OK;
        if (!store) {
            status = souk_event_store_open(r->url, SOUK_EVENTS_READ, &store, &err);
            if (!status)
                note_change(r, NULL);
        }
        if (!status)
            status = read_marks(r, store, &err);
        if (!status)
            status = souk_event_store_watch(store, WATCH_MS, note_change, r, &err);
        if (!status)
            continue;
        souk_log(SOUK_LOG_DEBUG, "events_not_watched", "reason=\"%s\"", err.msg);
        rest(r);
    }
    souk_event_store_close(store);
    return NULL;
}

/* ---- making ---- */

static void make_metrics(struct souk_recent_events *r, struct souk_metrics *m)
{
    const char *const name = "souk_recent_events_total";
    const char *const help = "Visitors' recent events that were asked for: found in memory, read "
                             "from the store, or not to be read.";
    r->hits = souk_metrics_counter(m, name, help, (struct souk_label[]){{"from", "memory"}, {0}});
    r->reads = souk_metrics_counter(m, name, help, (struct souk_label[]){{"from", "store"}, {0}});
    r->failures =
        souk_metrics_counter(m, name, help, (struct souk_label[]){{"from", "nowhere"}, {0}});
    r->forgotten = souk_metrics_counter(m, "souk_recent_events_forgotten_total",
                                        "Times that events were changed elsewhere.", NULL);
    r->erased_count = souk_metrics_gauge(m, "souk_erased_visitors",
                                         "Visitors who were erased, as far as was read.", NULL);
    r->bytes = souk_metrics_gauge(m, "souk_recent_events_bytes",
                                  "Memory of visitors' recent events.", NULL);
}

souk_status souk_recent_events_start(const char *url, int64_t limit_bytes,
                                     souk_event_changed changed, void *context,
                                     struct souk_metrics *registry, struct souk_recent_events **out,
                                     struct souk_error *err)
{
    struct souk_recent_events *r = souk_zalloc_array(1, sizeof *r);
    *out = NULL;
    if (!r)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&r->shards[i].lock, NULL);
    r->shard_bytes_max = (size_t)limit_bytes / SHARDS;
    r->changed = changed;
    r->context = context;
    r->url = strdup(url);
    r->readers = souk_store_readers_new(url, READERS);
    r->erased = souk_erased_visitors_new();
    make_metrics(r, registry);
    r->watching =
        r->url && r->readers && r->erased && pthread_create(&r->watcher, NULL, watch, r) == 0;
    if (!r->watching) {
        souk_recent_events_stop(r);
        return souk_fail(err, SOUK_ENOMEM, "no memory for recent events");
    }
    *out = r;
    return SOUK_OK;
}

void souk_recent_events_stop(struct souk_recent_events *r)
{
    if (!r)
        return;
    atomic_store(&r->stopping, true);
    if (r->watching)
        pthread_join(r->watcher, NULL);
    for (int i = 0; i < SHARDS; i++) {
        forget_all(r, &r->shards[i]);
        pthread_mutex_destroy(&r->shards[i].lock);
    }
    souk_store_readers_free(r->readers);
    souk_erased_visitors_free(r->erased);
    free(r->url);
    free(r);
}
