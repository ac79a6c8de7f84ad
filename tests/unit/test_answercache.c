/* The cache beside a plain list of what was put, on a clock of its own. */
#include "serve/proxy/answercache.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum {
    TTL_US = 1000000,
    LIMIT = 16 << 20,
    TIGHT = SOUK_ANSWER_CACHE_BYTES_MIN,
    USERS = 20,
    VARIANTS = 40, /* more than an owner may have */
    MODELS = 3,
    OWNERS = 2 * USERS, /* items have the same ids */
};

static struct souk_answer_cache *cache;

static void make(int64_t limit)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_answer_cache_new(limit, TTL_US, &cache, &err), SOUK_OK, "%s", err.msg);
}

static uint64_t draw(uint64_t step, uint64_t column, uint64_t below)
{
    return souk_random_bits(7, step, column) % below;
}

/* Owner k is user k, from USERS on item k - USERS. */
static struct souk_answer_key key_of(int owner, int variant, int model)
{
    static const char *const models[MODELS] = {"a", "ab", "b"};
    struct souk_answer_key key;
    char id[16], category[16];
    snprintf(id, sizeof id, "u%d", owner % USERS);
    snprintf(category, sizeof category, "c%d", variant / 4);
    const struct souk_answer_question question = {
        .similar = owner >= USERS,
        .id = id,
        .id_len = strlen(id),
        .n = variant % 2 ? 10 : 20,
        .include_seen = variant / 2 % 2,
        .category = variant < 4 ? NULL : category,
        .category_len = strlen(category),
    };
    souk_answer_key_make(&key, &question, models[model]);
    souk_answer_cache_stamp(cache, &key);
    return key;
}

/* @param tag at the front of the body, which ends with the key */
static void put(const struct souk_answer_key *key, int tag, size_t body_size, int64_t now_us)
{
    static char body[300000];
    const struct souk_answer_facts facts = {.fields = 1, .returned = tag};
    memset(body, 'x', body_size);
    struct souk_kept_answer *a = souk_kept_answer_new(key, &facts, body, body_size, now_us);
    cr_assert(a);
    souk_answer_cache_put(cache, a, now_us);
    souk_kept_answer_give(a);
}

/* @return the tag; -1: not there. What is there must be the answer to the key. */
static int find(const struct souk_answer_key *key, int64_t now_us)
{
    struct souk_kept_answer *a = souk_answer_cache_find(cache, key, now_us);
    int tag = -1;
    if (a) {
        tag = a->facts.returned;
        cr_assert(a->key_len == key->len && memcmp(a->bytes, key->bytes, key->len) == 0);
        cr_assert_lt(now_us - a->made_us, TTL_US);
    }
    souk_kept_answer_give(a);
    return tag;
}

static struct souk_answer_cache_stats stats(void)
{
    struct souk_answer_cache_stats s;
    souk_answer_cache_read(cache, &s);
    return s;
}

static int64_t ends(const struct souk_answer_cache_stats *s)
{
    int64_t sum = 0;
    for (int e = 0; e < SOUK_ANSWER_ENDS; e++)
        sum += s->ends[e];
    return sum;
}

/* ---- the list ---- */

struct noted {
    bool there;
    int model, tag;
    int64_t made_us;
};

static struct noted list[OWNERS][VARIANTS];
static int64_t noted_ends[SOUK_ANSWER_ENDS];

static void end(struct noted *n, enum souk_answer_end reason)
{
    n->there = false;
    noted_ends[reason]++;
}

static int list_find(int owner, int variant, int model, int64_t now_us)
{
    struct noted *n = &list[owner][variant];
    if (n->there && n->model != model)
        end(n, SOUK_ANSWER_VERSION);
    else if (n->there && now_us - n->made_us >= TTL_US)
        end(n, SOUK_ANSWER_EXPIRED);
    return n->there ? n->tag : -1;
}

/* Tags grow: the one with the smallest was put first. */
static void list_put(int owner, int variant, int model, int tag, int64_t now_us)
{
    struct noted *n = &list[owner][variant], *first = NULL;
    int count = 0;
    for (int v = 0; v < VARIANTS; v++)
        if (list[owner][v].there) {
            count++;
            if (!first || list[owner][v].tag < first->tag)
                first = &list[owner][v];
        }
    if (n->there)
        end(n, SOUK_ANSWER_REPLACED);
    else if (count == SOUK_ANSWER_VARIANTS_MAX)
        end(first, SOUK_ANSWER_VARIANTS);
    *n = (struct noted){true, model, tag, now_us};
}

static int64_t list_forget(int owner)
{
    int64_t count = 0;
    for (int v = 0; v < VARIANTS; v++)
        if (list[owner][v].there) {
            end(&list[owner][v], SOUK_ANSWER_FORGOTTEN);
            count++;
        }
    return count;
}

static void forget(int user)
{
    char id[16];
    snprintf(id, sizeof id, "u%d", user);
    souk_answer_cache_forget(cache, id, strlen(id));
}

Test(answercache, with_room_for_all_it_is_the_plain_list)
{
    int64_t now_us = 5, hits = 0, entries = 0;
    make(LIMIT);
    for (uint64_t step = 0; step < 200000; step++) {
        const int owner = (int)draw(step, 0, OWNERS), model = (int)(step / 20000 % MODELS);
        const int variant = (int)draw(step, 1, owner % 5 ? 3 : VARIANTS);
        const uint64_t what = draw(step, 2, 100);
        struct souk_answer_key key = key_of(owner, variant, model);
        now_us += draw(step, 5, 20000) == 0 ? TTL_US / 2 : (int64_t)draw(step, 3, 200);
        if (what < 60) {
            const int tag = list_find(owner, variant, model, now_us);
            cr_assert_eq(find(&key, now_us), tag, "step %d", (int)step);
            hits += tag >= 0;
        } else if (what < 98 || owner >= USERS) {
            put(&key, (int)step, draw(step, 4, 300), now_us);
            list_put(owner, variant, model, (int)step, now_us);
        } else {
            forget(owner);
            list_forget(owner);
            put(&key, (int)step, 10, now_us); /* computed before it was forgotten */
        }
    }
    const struct souk_answer_cache_stats s = stats();
    for (int o = 0; o < OWNERS; o++)
        for (int v = 0; v < VARIANTS; v++)
            entries += list[o][v].there;
    cr_expect_eq(s.entries, entries);
    for (int e = 0; e < SOUK_ANSWER_ENDS; e++) {
        cr_expect_eq(s.ends[e], noted_ends[e], "%s", souk_answer_end_name(e));
        cr_expect(noted_ends[e] > 100 || e == SOUK_ANSWER_SPACE, "%s", souk_answer_end_name(e));
    }
    cr_expect_gt(hits, 10000);
    souk_answer_cache_free(cache);
}

Test(answercache, without_room_it_keeps_its_bytes_and_never_errs)
{
    static int newest[OWNERS][VARIANTS];
    int64_t now_us = 0, puts = 0, hits = 0, highest = 0;
    make(TIGHT);
    for (uint64_t step = 1; step < 100000; step++) {
        const int owner = (int)draw(step, 0, OWNERS), variant = (int)draw(step, 1, 16);
        struct souk_answer_key key = key_of(owner, variant, 0);
        now_us += (int64_t)draw(step, 3, 30);
        if (draw(step, 2, 3) == 0) {
            put(&key, (int)step, draw(step, 4, 20000), now_us);
            newest[owner][variant] = (int)step;
            puts++;
        } else {
            const int tag = find(&key, now_us);
            cr_assert(tag == -1 || tag == newest[owner][variant], "step %d", (int)step);
            hits += tag >= 0;
        }
        const struct souk_answer_cache_stats s = stats();
        highest = s.bytes > highest ? s.bytes : highest;
        cr_assert_leq(s.bytes, TIGHT);
        cr_assert_eq(s.entries, puts - ends(&s));
    }
    cr_expect_gt(highest, TIGHT * 9 / 10, "the room is not used: %d", (int)highest);
    cr_expect_gt(hits, 1000);
    souk_answer_cache_free(cache);
}

Test(answercache, an_answer_lives_until_its_age_is_the_ttl)
{
    make(LIMIT);
    const struct souk_answer_key key = key_of(1, 0, 0);
    put(&key, 3, 10, 100);
    cr_expect_eq(find(&key, 100), 3);
    cr_expect_eq(find(&key, 100 + TTL_US - 1), 3, "a hit makes it no younger");
    cr_expect_eq(find(&key, 100 + TTL_US), -1);
    cr_expect_eq(find(&key, 100), -1, "it is gone");
    cr_expect_eq(stats().ends[SOUK_ANSWER_EXPIRED], 1);
    souk_answer_cache_free(cache);
}

Test(answercache, one_that_is_in_use_outlives_its_place)
{
    make(LIMIT);
    const struct souk_answer_key key = key_of(1, 0, 0);
    put(&key, 3, 10, 0);
    struct souk_kept_answer *a = souk_answer_cache_find(cache, &key, 1);
    forget(1);
    cr_expect_eq(find(&key, 1), -1);
    cr_expect(a && souk_kept_answer_body(a)[9] == 'x');
    souk_kept_answer_give(a);
    souk_answer_cache_free(cache);
}

Test(answercache, a_very_large_answer_displaces_nobody)
{
    make(TIGHT);
    const struct souk_answer_key small = key_of(1, 0, 0), large = key_of(2, 0, 0);
    put(&small, 1, 10, 0);
    put(&large, 2, 200000, 0);
    cr_expect_eq(find(&small, 1), 1);
    cr_expect_eq(find(&large, 1), -1);
    souk_answer_cache_free(cache);
}

Test(answercache, less_than_its_tables_take_is_refused)
{
    struct souk_error err = {0};
    cr_expect_eq(souk_answer_cache_new(TIGHT - 1, TTL_US, &cache, &err), SOUK_EINVAL);
    cr_expect_null(cache);
}

Test(answerkey, what_differs_in_anything_has_another_name)
{
    struct souk_answer_question q[] = {
        {.id = "ab", .id_len = 2, .n = 10},
        {.id = "ab", .id_len = 2, .n = 11},
        {.id = "ab", .id_len = 2, .n = 10, .similar = true},
        {.id = "ab", .id_len = 2, .n = 10, .include_seen = true},
        {.id = "ab", .id_len = 2, .n = 10, .min_confidence = .5},
        {.id = "ab", .id_len = 2, .n = 10, .category = "", .category_len = 0},
        {.id = "ab", .id_len = 2, .n = 10, .category = "c", .category_len = 1},
        {.id = "ab", .id_len = 2, .n = 10, .category = "cd", .category_len = 2},
        {.id = "ab", .id_len = 2, .n = 10, .include_metadata = true},
        {.id = "ab", .id_len = 2, .n = 10, .explain = true},
        {.id = "ab",
         .id_len = 2,
         .n = 10,
         .narrowing = (const unsigned char *)"c",
         .narrowing_len = 1},
        {.id = "ab",
         .id_len = 2,
         .n = 10,
         .narrowing = (const unsigned char *)"cd",
         .narrowing_len = 2},
        {.id = "a", .id_len = 1, .n = 10},
        {.id = "abc", .id_len = 3, .n = 10},
    };
    enum { COUNT = sizeof q / sizeof q[0] };
    struct souk_answer_key key[COUNT], other;
    for (int i = 0; i < COUNT; i++)
        souk_answer_key_make(&key[i], &q[i], "m");
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < i; k++)
            cr_expect(key[i].name_len != key[k].name_len ||
                          memcmp(key[i].bytes, key[k].bytes, key[i].name_len) != 0,
                      "%d, %d", i, k);
    souk_answer_key_make(&other, &q[0], "another");
    cr_expect_eq(other.name_hash, key[0].name_hash);
    cr_expect(other.len != key[0].len);
    souk_answer_key_set_model(&other, "m");
    cr_expect(other.len == key[0].len && memcmp(other.bytes, key[0].bytes, other.len) == 0);
}

/* ---- who is given up ---- */

/* Users by Zipf(1), and `scans` requests of somebody who asks for all in turn for each of theirs.
 * lru_* is a list of as many answers as the cache holds, the least recently used given up. */
static void ask_all(double scans, double *rate, double *lru_rate)
{
    enum { PEOPLE = 20000, REQUESTS = 60000 };
    static double cumulative[PEOPLE];
    static int64_t used[PEOPLE];
    int64_t hits = 0, lru_hits = 0, lru_count = 0, scanned = 0, room = INT64_MAX;
    make(TIGHT);
    memset(used, 0, sizeof used);
    for (int r = 0; r < PEOPLE; r++)
        cumulative[r] = (r > 0 ? cumulative[r - 1] : 0) + 1. / (r + 1);
    for (int64_t i = 0, k = 0; k < REQUESTS; i++) {
        const bool is_scan = (double)scanned < scans * (double)k;
        int who = (int)(scanned % PEOPLE);
        if (!is_scan) {
            const double at = souk_random_uniform(3, (uint64_t)k, 0) * cumulative[PEOPLE - 1];
            int low = 0, high = PEOPLE - 1;
            while (low < high) {
                const int middle = (low + high) / 2;
                if (cumulative[middle] > at)
                    high = middle;
                else
                    low = middle + 1;
            }
            who = low;
        }
        k += !is_scan;
        scanned += is_scan;
        char id[16];
        struct souk_answer_key key;
        snprintf(id, sizeof id, "u%d", who);
        souk_answer_key_make(&key, &(struct souk_answer_question){.id = id, .id_len = strlen(id)},
                             "m");
        const bool counted = !is_scan && k > REQUESTS / 2;
        const bool is_hit = find(&key, 0) >= 0;
        hits += is_hit && counted;
        if (!is_hit)
            put(&key, who, 700, 0);
        lru_hits += used[who] > 0 && counted;
        while (used[who] == 0 && lru_count >= room) {
            int oldest = -1;
            for (int u = 0; u < PEOPLE; u++)
                if (used[u] > 0 && (oldest < 0 || used[u] < used[oldest]))
                    oldest = u;
            used[oldest] = 0;
            lru_count--;
        }
        lru_count += used[who] == 0;
        used[who] = i + 1;
        if (room == INT64_MAX && stats().ends[SOUK_ANSWER_SPACE] > 0)
            room = stats().entries;
    }
    souk_answer_cache_free(cache);
    *rate = hits / (REQUESTS / 2.);
    *lru_rate = lru_hits / (REQUESTS / 2.);
}

Test(answercache, keeps_those_who_ask_often)
{
    double rate, lru_rate;
    ask_all(0, &rate, &lru_rate);
    cr_expect_gt(rate, lru_rate + .03, "%.3f, %.3f", rate, lru_rate);
}

Test(answercache, a_scan_displaces_nobody)
{
    double alone, rate, lru_rate;
    ask_all(0, &alone, &lru_rate);
    ask_all(1, &rate, &lru_rate);
    cr_expect_gt(rate, alone - .03, "%.3f, %.3f", rate, alone);
    cr_expect_gt(rate, lru_rate + .1, "%.3f, %.3f", rate, lru_rate);
}
