#include "serve/proxy/answercache.h"

#include "shared/base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARDS_MAX = 16,
    SHARD_BYTES_MIN = 256 << 10,
    STAMPS = 4096,        /* owners that share one have each other's answers computed once more */
    BYTES_A_BUCKET = 512, /* of the limit; a ghost takes as many */
    GHOST_WAYS = 4,
    SMALL_PERCENT = 10,
    USES_MAX = 3,
    LARGE_PART = 8,
};

enum { QUEUE_SMALL, QUEUE_MAIN, QUEUES };

struct queue {
    struct souk_kept_answer *newest, *oldest;
    size_t bytes;
    int64_t count;
};

/* That an answer was given up not long ago. */
struct ghost {
    uint32_t print, time; /* print 0: none */
};

struct shard {
    _Alignas(SOUK_ALIGNMENT) pthread_mutex_t lock; /* of all below */
    size_t room, bytes;                            /* of answers */
    struct queue queues[QUEUES];
    struct souk_kept_answer **buckets; /* [bucket_mask + 1] */
    struct ghost *ghosts;              /* [bucket_mask + 1], in sets of GHOST_WAYS */
    uint64_t bucket_mask;
    uint32_t ghost_time;
    int64_t ends[SOUK_ANSWER_ENDS];
};

struct souk_answer_cache {
    int64_t ttl_us;
    size_t fixed_bytes; /* tables */
    int shard_count;
    struct shard *shards;
    atomic_uint stamps[STAMPS];
};

/* ---- making ---- */

static uint64_t power_of_two_up_to(uint64_t n)
{
    uint64_t p = 1;
    while (p * 2 <= n)
        p *= 2;
    return p;
}

static bool make_shard(struct shard *s, uint64_t limit)
{
    const uint64_t buckets = power_of_two_up_to(limit / BYTES_A_BUCKET);
    const size_t tables = buckets * (sizeof *s->buckets + sizeof *s->ghosts) + sizeof *s;
    pthread_mutex_init(&s->lock, NULL);
    s->room = limit - tables;
    s->bucket_mask = buckets - 1;
    s->buckets = souk_zalloc_array(buckets, sizeof(struct souk_kept_answer *));
    s->ghosts = souk_alloc_aligned(buckets, sizeof *s->ghosts);
    return s->buckets && s->ghosts;
}

souk_status souk_answer_cache_new(int64_t limit_bytes, int64_t ttl_us,
                                  struct souk_answer_cache **out, struct souk_error *err)
{
    struct souk_answer_cache *c = NULL;
    bool good = true;
    *out = NULL;
    if (limit_bytes < SOUK_ANSWER_CACHE_BYTES_MIN)
        return souk_fail(err, SOUK_EINVAL, "a cache of %" PRId64 " bytes: at least %d are wanted",
                         limit_bytes, SOUK_ANSWER_CACHE_BYTES_MIN);
    c = souk_zalloc_array(1, sizeof *c);
    if (!c)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a cache");
    uint64_t shards = power_of_two_up_to((uint64_t)limit_bytes / SHARD_BYTES_MIN);
    shards = shards < SHARDS_MAX ? shards : SHARDS_MAX;
    c->ttl_us = ttl_us;
    c->shards = souk_alloc_aligned(shards, sizeof *c->shards);
    good = c->shards != NULL;
    for (; good && c->shard_count < (int)shards; c->shard_count++) {
        struct shard *s = &c->shards[c->shard_count];
        const uint64_t limit = ((uint64_t)limit_bytes - sizeof *c) / shards;
        good = make_shard(s, limit);
        c->fixed_bytes += limit - s->room;
    }
    c->fixed_bytes += sizeof *c;
    if (!good) {
        souk_answer_cache_free(c);
        return souk_fail(err, SOUK_ENOMEM, "no memory for a cache of %" PRId64 " bytes",
                         limit_bytes);
    }
    *out = c;
    return SOUK_OK;
}

void souk_answer_cache_free(struct souk_answer_cache *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        for (int q = 0; q < QUEUES; q++)
            for (struct souk_kept_answer *a = s->queues[q].newest, *older; a; a = older) {
                older = a->older;
                souk_kept_answer_give(a);
            }
        free(s->buckets);
        free(s->ghosts);
        pthread_mutex_destroy(&s->lock);
    }
    free(c->shards);
    free(c);
}

/* ---- hashes: the highest bits for the shard, the lowest for the bucket ---- */

static struct shard *shard_of(struct souk_answer_cache *c, uint64_t owner_hash)
{
    return &c->shards[(owner_hash >> 32) % (uint64_t)c->shard_count];
}

static struct souk_kept_answer **bucket_of(struct shard *s, uint64_t owner_hash)
{
    return &s->buckets[owner_hash & s->bucket_mask];
}

static atomic_uint *stamp_of(struct souk_answer_cache *c, uint64_t owner_hash)
{
    return &c->stamps[(owner_hash >> 16) % STAMPS];
}

/* ---- queues ---- */

static void push(struct shard *s, int queue, struct souk_kept_answer *a)
{
    struct queue *q = &s->queues[queue];
    a->queue = (uint8_t)queue;
    a->newer = NULL;
    a->older = q->newest;
    *(q->newest ? &q->newest->newer : &q->oldest) = a;
    q->newest = a;
    q->bytes += a->size_bytes;
    q->count++;
}

static void take_out(struct shard *s, struct souk_kept_answer *a)
{
    struct queue *q = &s->queues[a->queue];
    *(a->newer ? &a->newer->older : &q->newest) = a->older;
    *(a->older ? &a->older->newer : &q->oldest) = a->newer;
    q->bytes -= a->size_bytes;
    q->count--;
}

/* ---- ghosts ---- */

static struct ghost *ghosts_of(struct shard *s, uint64_t name_hash, uint32_t *print)
{
    *print = (uint32_t)name_hash | 1;
    return &s->ghosts[(name_hash >> 32) & s->bucket_mask & ~(uint64_t)(GHOST_WAYS - 1)];
}

static void remember(struct shard *s, uint64_t name_hash)
{
    uint32_t print;
    struct ghost *set = ghosts_of(s, name_hash, &print), *oldest = set;
    for (int i = 1; i < GHOST_WAYS; i++)
        if (s->ghost_time - set[i].time > s->ghost_time - oldest->time)
            oldest = &set[i];
    *oldest = (struct ghost){print, s->ghost_time++};
}

/* Whether it is a ghost: then it is none any more. There are as many as the main queue is long. */
static bool recall(struct shard *s, uint64_t name_hash)
{
    uint32_t print;
    struct ghost *set = ghosts_of(s, name_hash, &print);
    for (int i = 0; i < GHOST_WAYS; i++)
        if (set[i].print == print) {
            const uint32_t age = s->ghost_time - set[i].time;
            set[i].print = 0;
            return age <= (uint64_t)s->queues[QUEUE_MAIN].count;
        }
    return false;
}

/* ---- dropping: unlinked under the lock, freed after it ---- */

static void drop(struct shard *s, struct souk_kept_answer **link, enum souk_answer_end end,
                 struct souk_kept_answer **dropped)
{
    struct souk_kept_answer *a = *link;
    *link = a->next;
    take_out(s, a);
    s->bytes -= a->size_bytes;
    s->ends[end]++;
    a->next = *dropped;
    *dropped = a;
}

static void free_dropped(struct souk_kept_answer *a)
{
    for (struct souk_kept_answer *next; a; a = next) {
        next = a->next;
        souk_kept_answer_give(a);
    }
}

static void drop_oldest(struct shard *s, int queue, enum souk_answer_end end,
                        struct souk_kept_answer **dropped)
{
    struct souk_kept_answer *a = s->queues[queue].oldest;
    struct souk_kept_answer **link = bucket_of(s, a->owner_hash);
    while (*link != a)
        link = &(*link)->next;
    drop(s, link, end, dropped);
}

/* ---- room ---- */

/* One step of S3-FIFO: the oldest of a queue goes, or gets another turn in the main one. Each turn
 * was paid for by a hit. */
static void shrink(const struct souk_answer_cache *c, struct shard *s, int64_t now_us,
                   struct souk_kept_answer **dropped)
{
    const struct queue *small = &s->queues[QUEUE_SMALL], *main = &s->queues[QUEUE_MAIN];
    const bool from_small =
        small->oldest && (!main->oldest || small->bytes * 100 >= s->room * SMALL_PERCENT);
    struct souk_kept_answer *a = from_small ? small->oldest : main->oldest;
    if (now_us - a->made_us >= c->ttl_us) {
        drop_oldest(s, a->queue, SOUK_ANSWER_EXPIRED, dropped);
    } else if (a->uses > 0) {
        take_out(s, a);
        a->uses = (uint8_t)(from_small ? 0 : a->uses - 1);
        push(s, QUEUE_MAIN, a);
    } else {
        if (from_small)
            remember(s, a->name_hash);
        drop_oldest(s, a->queue, SOUK_ANSWER_SPACE, dropped);
    }
}

/* ---- finding ---- */

static bool has_name(const struct souk_kept_answer *a, uint64_t name_hash, const void *name,
                     size_t len)
{
    return a->name_hash == name_hash && a->name_len == len && memcmp(a->bytes, name, len) == 0;
}

static bool has_owner(const struct souk_kept_answer *a, uint64_t owner_hash, const void *owner,
                      size_t len)
{
    return a->owner_hash == owner_hash && a->owner_len == len && memcmp(a->bytes, owner, len) == 0;
}

static bool has_model(const struct souk_kept_answer *a, const struct souk_answer_key *key)
{
    return a->key_len == key->len && memcmp(a->bytes + a->name_len, key->bytes + key->name_len,
                                            (size_t)(key->len - key->name_len)) == 0;
}

struct souk_kept_answer *souk_answer_cache_find(struct souk_answer_cache *c,
                                                const struct souk_answer_key *key, int64_t now_us)
{
    struct shard *s = shard_of(c, key->owner_hash);
    struct souk_kept_answer *found = NULL, *dropped = NULL, **link;
    pthread_mutex_lock(&s->lock);
    link = bucket_of(s, key->owner_hash);
    while (*link && !has_name(*link, key->name_hash, key->bytes, key->name_len))
        link = &(*link)->next;
    if (*link && !has_model(*link, key)) {
        drop(s, link, SOUK_ANSWER_VERSION, &dropped);
    } else if (*link && now_us - (*link)->made_us >= c->ttl_us) {
        drop(s, link, SOUK_ANSWER_EXPIRED, &dropped);
    } else if (*link) {
        found = souk_kept_answer_take(*link);
        found->uses = (uint8_t)(found->uses + (found->uses < USES_MAX));
    }
    pthread_mutex_unlock(&s->lock);
    free_dropped(dropped);
    return found;
}

/* ---- storing ---- */

/* Drop what has the new answer's name, and the oldest of its owner's where these are too many. The
 * newest of a bucket are in front. */
static void drop_rivals(struct shard *s, const struct souk_kept_answer *a,
                        struct souk_kept_answer **dropped)
{
    struct souk_kept_answer **link = bucket_of(s, a->owner_hash), **oldest = NULL;
    int count = 0;
    while (*link) {
        if (has_name(*link, a->name_hash, a->bytes, a->name_len)) {
            drop(s, link, SOUK_ANSWER_REPLACED, dropped);
            return;
        }
        if (has_owner(*link, a->owner_hash, a->bytes, a->owner_len)) {
            oldest = link;
            count++;
        }
        link = &(*link)->next;
    }
    if (count >= SOUK_ANSWER_VARIANTS_MAX)
        drop(s, oldest, SOUK_ANSWER_VARIANTS, dropped);
}

static void insert(struct shard *s, struct souk_kept_answer *a)
{
    struct souk_kept_answer **bucket = bucket_of(s, a->owner_hash);
    a->next = *bucket;
    *bucket = a;
    a->uses = 0;
    push(s, recall(s, a->name_hash) ? QUEUE_MAIN : QUEUE_SMALL, a);
    s->bytes += a->size_bytes;
}

void souk_answer_cache_put(struct souk_answer_cache *c, struct souk_kept_answer *answer,
                           int64_t now_us)
{
    struct shard *s = shard_of(c, answer->owner_hash);
    struct souk_kept_answer *dropped = NULL;
    const size_t size = answer->size_bytes;
    assert(souk_kept_answer_is_whole(answer));
    if (size > s->room / LARGE_PART)
        return;
    pthread_mutex_lock(&s->lock);
    if (atomic_load(stamp_of(c, answer->owner_hash)) == answer->stamp) {
        drop_rivals(s, answer, &dropped);
        while (s->bytes + size > s->room)
            shrink(c, s, now_us, &dropped);
        insert(s, souk_kept_answer_take(answer));
    }
    pthread_mutex_unlock(&s->lock);
    free_dropped(dropped);
}

/* ---- forgetting ---- */

void souk_answer_cache_stamp(struct souk_answer_cache *c, struct souk_answer_key *key)
{
    key->stamp = atomic_load(stamp_of(c, key->owner_hash));
}

void souk_answer_cache_forget(struct souk_answer_cache *c, const char *user, size_t len)
{
    const struct souk_answer_question of_user = {.id = user, .id_len = len};
    struct souk_answer_key key;
    struct souk_kept_answer *dropped = NULL;
    souk_answer_key_make(&key, &of_user, "");
    struct shard *s = shard_of(c, key.owner_hash);
    atomic_fetch_add(stamp_of(c, key.owner_hash), 1); /* before: what is under way comes too late */
    pthread_mutex_lock(&s->lock);
    struct souk_kept_answer **link = bucket_of(s, key.owner_hash);
    while (*link)
        if (has_owner(*link, key.owner_hash, key.bytes, key.owner_len))
            drop(s, link, SOUK_ANSWER_FORGOTTEN, &dropped);
        else
            link = &(*link)->next;
    pthread_mutex_unlock(&s->lock);
    free_dropped(dropped);
}

/* ---- asking ---- */

void souk_answer_cache_read(struct souk_answer_cache *c, struct souk_answer_cache_stats *stats)
{
    *stats = (struct souk_answer_cache_stats){.bytes = (int64_t)c->fixed_bytes};
    for (int i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        stats->bytes += (int64_t)s->bytes;
        stats->entries += s->queues[QUEUE_SMALL].count + s->queues[QUEUE_MAIN].count;
        for (int e = 0; e < SOUK_ANSWER_ENDS; e++)
            stats->ends[e] += s->ends[e];
        pthread_mutex_unlock(&s->lock);
    }
}

const char *souk_answer_end_name(enum souk_answer_end end)
{
    static const char *const names[SOUK_ANSWER_ENDS] = {"space",    "expired",  "version",
                                                        "variants", "replaced", "forgotten"};
    return names[end];
}
