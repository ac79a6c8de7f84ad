#include "serve/proxy/answercache.h"

#include "serve/proxy/blockpool.h"
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

/* The front of an answer's chain of blocks; its key and its body follow. Other entries are named by
 * their first block. */
struct entry {
    uint32_t next; /* in the bucket */
    uint32_t newer, older;
    uint32_t blocks, body_len;
    uint16_t owner_len, name_len, key_len;
    uint8_t queue, uses;
    struct souk_answer_facts facts;
    uint64_t owner_hash, name_hash;
    int64_t made_us;
};

_Static_assert(sizeof(struct entry) <= SOUK_BLOCK_CONTENT, "an entry's front is in one block");

struct queue {
    uint32_t newest, oldest;
    uint64_t blocks;
    int64_t count;
};

/* That an answer was given up not long ago. */
struct ghost {
    uint32_t print, time; /* print 0: none */
};

struct shard {
    _Alignas(SOUK_ALIGNMENT) pthread_mutex_t lock; /* of all below */
    struct souk_blockpool pool;
    struct queue queues[QUEUES];
    uint32_t *buckets;    /* [bucket_mask + 1], the newest in front */
    struct ghost *ghosts; /* [bucket_mask + 1], in sets of GHOST_WAYS */
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

static souk_status make_shard(struct shard *s, uint64_t limit, size_t *tables)
{
    const uint64_t buckets = power_of_two_up_to(limit / BYTES_A_BUCKET);
    *tables = buckets * (sizeof *s->buckets + sizeof *s->ghosts) + sizeof *s;
    const uint64_t blocks = (limit - *tables) / sizeof(struct souk_block);
    pthread_mutex_init(&s->lock, NULL);
    for (int q = 0; q < QUEUES; q++)
        s->queues[q] = (struct queue){.newest = SOUK_BLOCK_NONE, .oldest = SOUK_BLOCK_NONE};
    s->bucket_mask = buckets - 1;
    s->buckets = souk_alloc_array(buckets, sizeof *s->buckets);
    s->ghosts = souk_alloc_aligned(buckets, sizeof *s->ghosts);
    for (uint64_t i = 0; s->buckets && i < buckets; i++)
        s->buckets[i] = SOUK_BLOCK_NONE;
    const souk_status status = souk_blockpool_init(
        &s->pool, blocks < SOUK_BLOCK_NONE ? (uint32_t)blocks : SOUK_BLOCK_NONE - 1);
    return s->buckets && s->ghosts ? status : SOUK_ENOMEM;
}

souk_status souk_answer_cache_new(int64_t limit_bytes, int64_t ttl_us,
                                  struct souk_answer_cache **out, struct souk_error *err)
{
    struct souk_answer_cache *c = NULL;
    souk_status status = SOUK_OK;
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
    c->fixed_bytes = sizeof *c;
    c->shards = souk_alloc_aligned(shards, sizeof *c->shards);
    if (!c->shards)
        status = SOUK_ENOMEM;
    while (!status && c->shard_count < (int)shards) {
        size_t tables;
        status = make_shard(&c->shards[c->shard_count++],
                            ((uint64_t)limit_bytes - sizeof *c) / shards, &tables);
        c->fixed_bytes += tables;
    }
    if (status) {
        souk_answer_cache_free(c);
        return souk_fail(err, status, "no memory for a cache of %" PRId64 " bytes", limit_bytes);
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
        souk_blockpool_fini(&s->pool);
        free(s->buckets);
        free(s->ghosts);
        pthread_mutex_destroy(&s->lock);
    }
    free(c->shards);
    free(c);
}

/* ---- where things are ---- */

static struct shard *shard_of(struct souk_answer_cache *c, uint64_t owner_hash)
{
    return &c->shards[(owner_hash >> 32) % (uint64_t)c->shard_count];
}

static uint32_t *bucket_of(struct shard *s, uint64_t owner_hash)
{
    return &s->buckets[owner_hash & s->bucket_mask];
}

static atomic_uint *stamp_of(struct souk_answer_cache *c, uint64_t owner_hash)
{
    return &c->stamps[(owner_hash >> 16) % STAMPS];
}

static struct entry *entry_at(const struct shard *s, uint32_t at)
{
    return souk_blockpool_at(&s->pool, at);
}

/* ---- queues ---- */

static void push(struct shard *s, int queue, uint32_t at)
{
    struct queue *q = &s->queues[queue];
    struct entry *e = entry_at(s, at);
    e->queue = (uint8_t)queue;
    e->newer = SOUK_BLOCK_NONE;
    e->older = q->newest;
    *(q->newest != SOUK_BLOCK_NONE ? &entry_at(s, q->newest)->newer : &q->oldest) = at;
    q->newest = at;
    q->blocks += e->blocks;
    q->count++;
}

static void take_out(struct shard *s, struct entry *e)
{
    struct queue *q = &s->queues[e->queue];
    *(e->newer != SOUK_BLOCK_NONE ? &entry_at(s, e->newer)->older : &q->newest) = e->older;
    *(e->older != SOUK_BLOCK_NONE ? &entry_at(s, e->older)->newer : &q->oldest) = e->newer;
    q->blocks -= e->blocks;
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

/* ---- dropping ---- */

/* @param link to it, in its bucket */
static void drop(struct shard *s, uint32_t *link, enum souk_answer_end end)
{
    const uint32_t at = *link;
    struct entry *e = entry_at(s, at);
    *link = e->next;
    take_out(s, e);
    souk_blockpool_give(&s->pool, at);
    s->ends[end]++;
}

static void drop_at(struct shard *s, uint32_t at, enum souk_answer_end end)
{
    uint32_t *link = bucket_of(s, entry_at(s, at)->owner_hash);
    while (*link != at)
        link = &entry_at(s, *link)->next;
    drop(s, link, end);
}

/* One step of S3-FIFO: the oldest of a queue goes, or gets another turn in the main one. Each turn
 * was paid for by a hit. */
static void shrink(const struct souk_answer_cache *c, struct shard *s, int64_t now_us)
{
    const struct queue *small = &s->queues[QUEUE_SMALL], *main = &s->queues[QUEUE_MAIN];
    const bool from_small =
        small->count > 0 &&
        (main->count == 0 || small->blocks * 100 >= (uint64_t)s->pool.count * SMALL_PERCENT);
    const uint32_t at = from_small ? small->oldest : main->oldest;
    struct entry *e = entry_at(s, at);
    if (now_us - e->made_us >= c->ttl_us) {
        drop_at(s, at, SOUK_ANSWER_EXPIRED);
    } else if (e->uses > 0) {
        take_out(s, e);
        e->uses = (uint8_t)(from_small ? 0 : e->uses - 1);
        push(s, QUEUE_MAIN, at);
    } else {
        if (from_small)
            remember(s, e->name_hash);
        drop_at(s, at, SOUK_ANSWER_SPACE);
    }
}

/* ---- finding ---- */

static bool has(const struct shard *s, uint32_t at, size_t offset, const void *bytes, size_t len)
{
    return souk_blockpool_equals(&s->pool, at, sizeof(struct entry) + offset, bytes, len);
}

static bool has_name(const struct shard *s, uint32_t at, uint64_t hash, const void *name,
                     size_t len)
{
    const struct entry *e = entry_at(s, at);
    return e->name_hash == hash && e->name_len == len && has(s, at, 0, name, len);
}

static bool has_owner(const struct shard *s, uint32_t at, uint64_t hash, const void *owner,
                      size_t len)
{
    const struct entry *e = entry_at(s, at);
    return e->owner_hash == hash && e->owner_len == len && has(s, at, 0, owner, len);
}

static bool has_model(const struct shard *s, uint32_t at, const struct souk_answer_key *key)
{
    return entry_at(s, at)->key_len == key->len &&
           has(s, at, key->name_len, key->bytes + key->name_len,
               (size_t)(key->len - key->name_len));
}

/* A copy: what is stored may go as soon as the lock is given back. */
static struct souk_kept_answer *copy_of(const struct shard *s, uint32_t at,
                                        const struct souk_answer_key *key)
{
    const struct entry *e = entry_at(s, at);
    struct souk_kept_answer *a =
        souk_kept_answer_new(key, &e->facts, NULL, e->body_len, e->made_us);
    if (a)
        souk_blockpool_read(&s->pool, at, sizeof *e + e->key_len, souk_kept_answer_body(a),
                            e->body_len);
    return a;
}

struct souk_kept_answer *souk_answer_cache_find(struct souk_answer_cache *c,
                                                const struct souk_answer_key *key, int64_t now_us)
{
    struct shard *s = shard_of(c, key->owner_hash);
    struct souk_kept_answer *found = NULL;
    uint32_t *link;
    pthread_mutex_lock(&s->lock);
    link = bucket_of(s, key->owner_hash);
    while (*link != SOUK_BLOCK_NONE &&
           !has_name(s, *link, key->name_hash, key->bytes, key->name_len))
        link = &entry_at(s, *link)->next;
    if (*link != SOUK_BLOCK_NONE) {
        struct entry *e = entry_at(s, *link);
        if (!has_model(s, *link, key)) {
            drop(s, link, SOUK_ANSWER_VERSION);
        } else if (now_us - e->made_us >= c->ttl_us) {
            drop(s, link, SOUK_ANSWER_EXPIRED);
        } else {
            e->uses = (uint8_t)(e->uses + (e->uses < USES_MAX));
            found = copy_of(s, *link, key);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* ---- storing ---- */

/* Drop what has the new answer's name, and the oldest of its owner's where these are too many. */
static void drop_rivals(struct shard *s, const struct souk_kept_answer *a)
{
    uint32_t *link = bucket_of(s, a->owner_hash), *oldest = NULL;
    int count = 0;
    while (*link != SOUK_BLOCK_NONE) {
        if (has_name(s, *link, a->name_hash, a->bytes, a->name_len)) {
            drop(s, link, SOUK_ANSWER_REPLACED);
            return;
        }
        if (has_owner(s, *link, a->owner_hash, a->bytes, a->owner_len)) {
            oldest = link;
            count++;
        }
        link = &entry_at(s, *link)->next;
    }
    if (count >= SOUK_ANSWER_VARIANTS_MAX)
        drop(s, oldest, SOUK_ANSWER_VARIANTS);
}

static void insert(struct shard *s, const struct souk_kept_answer *a, size_t blocks)
{
    uint32_t *bucket = bucket_of(s, a->owner_hash);
    const uint32_t at = souk_blockpool_take(&s->pool, blocks);
    struct entry *e = entry_at(s, at);
    *e = (struct entry){.next = *bucket,
                        .blocks = (uint32_t)blocks,
                        .body_len = a->body_len,
                        .owner_len = a->owner_len,
                        .name_len = a->name_len,
                        .key_len = a->key_len,
                        .facts = a->facts,
                        .owner_hash = a->owner_hash,
                        .name_hash = a->name_hash,
                        .made_us = a->made_us};
    souk_blockpool_write(&s->pool, at, sizeof *e, a->bytes, (size_t)a->key_len + a->body_len);
    *bucket = at;
    push(s, recall(s, a->name_hash) ? QUEUE_MAIN : QUEUE_SMALL, at);
}

void souk_answer_cache_put(struct souk_answer_cache *c, const struct souk_kept_answer *answer,
                           int64_t now_us)
{
    struct shard *s = shard_of(c, answer->owner_hash);
    const size_t blocks =
        souk_blockpool_needed(sizeof(struct entry) + answer->key_len + (size_t)answer->body_len);
    assert(souk_kept_answer_is_whole(answer));
    if (blocks > s->pool.count / LARGE_PART)
        return;
    pthread_mutex_lock(&s->lock);
    if (atomic_load(stamp_of(c, answer->owner_hash)) == answer->stamp) {
        drop_rivals(s, answer);
        while (s->pool.count - s->pool.used < blocks)
            shrink(c, s, now_us);
        insert(s, answer, blocks);
    }
    pthread_mutex_unlock(&s->lock);
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
    souk_answer_key_make(&key, &of_user, "");
    struct shard *s = shard_of(c, key.owner_hash);
    atomic_fetch_add(stamp_of(c, key.owner_hash), 1); /* before: what is under way comes too late */
    pthread_mutex_lock(&s->lock);
    uint32_t *link = bucket_of(s, key.owner_hash);
    while (*link != SOUK_BLOCK_NONE)
        if (has_owner(s, *link, key.owner_hash, key.bytes, key.owner_len))
            drop(s, link, SOUK_ANSWER_FORGOTTEN);
        else
            link = &entry_at(s, *link)->next;
    pthread_mutex_unlock(&s->lock);
}

static void forget_shard(struct shard *s)
{
    pthread_mutex_lock(&s->lock);
    for (uint64_t b = 0; b <= s->bucket_mask; b++)
        while (s->buckets[b] != SOUK_BLOCK_NONE)
            drop(s, &s->buckets[b], SOUK_ANSWER_FORGOTTEN);
    pthread_mutex_unlock(&s->lock);
}

void souk_answer_cache_forget_all(struct souk_answer_cache *c)
{
    for (int i = 0; i < STAMPS; i++)
        atomic_fetch_add(&c->stamps[i], 1);
    for (int i = 0; i < c->shard_count; i++)
        forget_shard(&c->shards[i]);
}

/* ---- asking ---- */

void souk_answer_cache_read(struct souk_answer_cache *c, struct souk_answer_cache_stats *stats)
{
    *stats = (struct souk_answer_cache_stats){.bytes = (int64_t)c->fixed_bytes};
    for (int i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        pthread_mutex_lock(&s->lock);
        stats->bytes += (int64_t)(s->pool.used * sizeof(struct souk_block));
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
