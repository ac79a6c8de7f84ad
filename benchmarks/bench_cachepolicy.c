/* bench_cachepolicy [REQUESTS]: hit rates of rules that say which answer a full cache gives up, on
 * users drawn by Zipf(1) out of 100,000, alone and while a batch job asks for all users in turn.
 *
 *   lru      least recently used
 *   clock    first in, first out, with another turn for what was used (Corbato 1968)
 *   sieve    Zhang et al., NSDI 2024
 *   s3fifo   Yang et al., SOSP 2023, as the proxy has it (serve/proxy/answercache.h): what was used
 *            again stays; `s3fifo2` as in the paper: what was used twice more
 *
 * Every policy is checked as it runs: what it says is there must be there, and no more than fits.
 */
#include "serve/client/arrivals.h"
#include "shared/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 100000, SMALL_PERCENT = 10, USES_MAX = 3 };

/* Where a user's answer is. */
enum place { PLACE_NONE, PLACE_SMALL, PLACE_MAIN };

struct node {
    int newer, older;
    enum place place;
    int uses;
    int64_t ghost_until; /* forgotten when this many have become ghosts */
};

struct queue {
    int newest, oldest; /* -1: empty */
    int64_t count;
};

struct cache {
    int64_t room;
    struct node node[USERS];
    struct queue small, main;
    int hand; /* of sieve; -1: at the oldest */
    int64_t ghosts;
    int threshold; /* of s3fifo: uses that lead into the main queue */
};

/* ---- queues ---- */

static void push(struct cache *c, struct queue *q, int k, enum place place)
{
    struct node *n = &c->node[k];
    n->place = place;
    n->newer = -1;
    n->older = q->newest;
    if (q->newest >= 0)
        c->node[q->newest].newer = k;
    else
        q->oldest = k;
    q->newest = k;
    q->count++;
}

static void take_out(struct cache *c, struct queue *q, int k)
{
    struct node *n = &c->node[k];
    if (n->newer >= 0)
        c->node[n->newer].older = n->older;
    else
        q->newest = n->older;
    if (n->older >= 0)
        c->node[n->older].newer = n->newer;
    else
        q->oldest = n->newer;
    n->place = PLACE_NONE;
    q->count--;
}

/* ---- the rules: what a hit does, and how a miss gets its place ---- */

static void hit_lru(struct cache *c, int k)
{
    take_out(c, &c->main, k);
    push(c, &c->main, k, PLACE_MAIN);
}

static void miss_lru(struct cache *c, int k)
{
    if (c->main.count == c->room)
        take_out(c, &c->main, c->main.oldest);
    push(c, &c->main, k, PLACE_MAIN);
}

static void hit_once(struct cache *c, int k)
{
    c->node[k].uses = 1;
}

static void miss_clock(struct cache *c, int k)
{
    while (c->main.count == c->room) {
        const int oldest = c->main.oldest;
        take_out(c, &c->main, oldest);
        if (c->node[oldest].uses > 0)
            push(c, &c->main, oldest, PLACE_MAIN);
        c->node[oldest].uses = 0;
    }
    push(c, &c->main, k, PLACE_MAIN);
}

static void miss_sieve(struct cache *c, int k)
{
    if (c->main.count == c->room) {
        int at = c->hand >= 0 ? c->hand : c->main.oldest;
        while (c->node[at].uses > 0) {
            c->node[at].uses = 0;
            at = c->node[at].newer >= 0 ? c->node[at].newer : c->main.oldest;
        }
        c->hand = c->node[at].newer;
        take_out(c, &c->main, at);
    }
    push(c, &c->main, k, PLACE_MAIN);
}

static void hit_s3fifo(struct cache *c, int k)
{
    c->node[k].uses += c->node[k].uses < USES_MAX;
}

static void evict_main(struct cache *c)
{
    for (;;) {
        const int oldest = c->main.oldest;
        take_out(c, &c->main, oldest);
        if (c->node[oldest].uses == 0)
            return;
        c->node[oldest].uses--;
        push(c, &c->main, oldest, PLACE_MAIN);
    }
}

/* One goes from the small queue: into the main one, or out. */
static void shrink_small(struct cache *c)
{
    const int oldest = c->small.oldest;
    struct node *n = &c->node[oldest];
    take_out(c, &c->small, oldest);
    if (n->uses >= c->threshold) {
        n->uses = 0;
        push(c, &c->main, oldest, PLACE_MAIN);
    } else {
        n->ghost_until = ++c->ghosts + c->room * (100 - SMALL_PERCENT) / 100;
    }
}

static void miss_s3fifo(struct cache *c, int k)
{
    while (c->small.count + c->main.count >= c->room) {
        if (c->small.count * 100 >= c->room * SMALL_PERCENT)
            shrink_small(c);
        else
            evict_main(c);
    }
    const bool is_ghost = c->node[k].ghost_until > c->ghosts;
    c->node[k].ghost_until = 0;
    push(c, is_ghost ? &c->main : &c->small, k, is_ghost ? PLACE_MAIN : PLACE_SMALL);
}

struct policy {
    const char *name;
    void (*hit)(struct cache *c, int k);
    void (*miss)(struct cache *c, int k);
    int threshold;
};

static const struct policy policies[] = {{"lru", hit_lru, miss_lru, 0},
                                         {"clock", hit_once, miss_clock, 0},
                                         {"sieve", hit_once, miss_sieve, 0},
                                         {"s3fifo", hit_s3fifo, miss_s3fifo, 1},
                                         {"s3fifo2", hit_s3fifo, miss_s3fifo, 2}};

/* ---- runs ---- */

static void touch(struct cache *c, const struct policy *p, int k, int64_t *hits)
{
    if (c->node[k].place != PLACE_NONE) {
        ++*hits;
        p->hit(c, k);
    } else {
        c->node[k].uses = 0;
        p->miss(c, k);
    }
    if (c->small.count + c->main.count > c->room || c->node[k].place == PLACE_NONE) {
        fprintf(stderr, "bench_cachepolicy: %s does not keep its room\n", p->name);
        exit(1);
    }
}

/* @param scans requests of the batch job for each of a visitor @return hit rate of the visitors, of
 * the second half: the first one fills the cache */
static double run(struct cache *c, const struct policy *p, int64_t room, int64_t requests,
                  double scans, struct souk_error *err)
{
    struct souk_arrivals arrivals;
    int64_t hits = 0, ignored = 0, due_us, user, scanned = 0;
    memset(c, 0, sizeof *c);
    *c = (struct cache){.room = room,
                        .small = {-1, -1, 0},
                        .main = {-1, -1, 0},
                        .hand = -1,
                        .threshold = p->threshold};
    if (souk_arrivals_init(&arrivals, 1, 0, SOUK_DRAW_ZIPF, 1, USERS, err) != SOUK_OK)
        return -1;
    for (int64_t i = 0; i < requests; i++) {
        souk_arrivals_next(&arrivals, &due_us, &user);
        touch(c, p, (int)user, i < requests / 2 ? &ignored : &hits);
        for (; (double)scanned < (double)i * scans; scanned++)
            touch(c, p, (int)(scanned % USERS), &ignored);
    }
    souk_arrivals_fini(&arrivals);
    return (double)hits / (double)(requests - requests / 2);
}

int main(int argc, char **argv)
{
    const int64_t requests = argc > 1 ? atoll(argv[1]) : 2000000;
    static const int64_t rooms[] = {1000, 3000, 10000, 30000};
    static const double scans[] = {0, .25, 1};
    struct souk_error err = {0};
    struct cache *c = souk_zalloc_array(1, sizeof *c);
    if (!c)
        return 1;
    printf("room    scan/request");
    for (size_t p = 0; p < sizeof policies / sizeof policies[0]; p++)
        printf("  %8s", policies[p].name);
    putchar('\n');
    for (size_t r = 0; r < sizeof rooms / sizeof rooms[0]; r++)
        for (size_t s = 0; s < sizeof scans / sizeof scans[0]; s++) {
            printf("%-6" PRId64 "  %12.2f", rooms[r], scans[s]);
            for (size_t p = 0; p < sizeof policies / sizeof policies[0]; p++)
                printf("  %8.4f", run(c, &policies[p], rooms[r], requests, scans[s], &err));
            putchar('\n');
        }
    free(c);
    return 0;
}
