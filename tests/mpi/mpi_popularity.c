/* Popularity on any number of ranks against sums of a few lines, to the bit. */
#include "shared/base/random.h"
#include "shared/math/fixed.h"
#include "train/popular/popularity.h"

#include <math.h>
#include <stdio.h>

enum { PARTS = 5, ITEMS = 23, PAIRS = 400 };
static int64_t item_first[PARTS + 1] = {0, 4, 4, 11, 22, 23}; /* part 1 is empty */

static int64_t item_of(int i)
{
    return (int64_t)(souk_random_bits(1, 0, (uint64_t)i) % (ITEMS - 3)); /* some items unwanted */
}

static int64_t time_of(int i)
{
    return 1000000 - (int64_t)(souk_random_bits(1, 1, (uint64_t)i) % 500000);
}

static int32_t events_of(int i)
{
    return 1 + i % 3;
}

/* Lopsided: the last rank has nearly all pairs, rank 0 (of several) none. */
static int rank_of(int i, int ranks)
{
    return i % 10 > 0 || ranks < 3 ? ranks - 1 : 1 + i % (ranks - 1);
}

static int expect_sums(const struct souk_comm *comm, const struct souk_popularity *p,
                       int64_t half_life_ms, int pairs)
{
    int64_t newest = 0, score[ITEMS] = {0}, events[ITEMS] = {0};
    int failures = 0;
    const int shift = souk_fixed_shift(1, pairs > 0 ? pairs : 1);
    for (int i = 0; i < pairs; i++)
        newest = time_of(i) > newest ? time_of(i) : newest;
    for (int i = 0; i < pairs; i++) {
        const double age = (double)(newest - time_of(i));
        const double weight = half_life_ms < 0 ? 1 : exp2(-age / (double)half_life_ms);
        score[item_of(i)] += souk_fixed_from(weight, shift);
        events[item_of(i)] += events_of(i);
    }
    for (int part = 0; part < PARTS; part++) {
        const bool mine = souk_part_rank(comm, part) == comm->rank;
        failures += mine != (p->score[part] != NULL);
        for (int64_t i = item_first[part]; mine && i < item_first[part + 1]; i++) {
            failures +=
                p->score[part][i - item_first[part]] != (float)souk_fixed_to(score[i], shift);
            failures += p->events[part][i - item_first[part]] != events[i];
        }
    }
    return failures;
}

/* One part of ratings on every rank, empty on rank 0 of several. */
static int check(const struct souk_comm *comm, int64_t half_life_ms, int pairs)
{
    int64_t item[PAIRS], last_ms[PAIRS], offsets[2] = {0};
    int32_t events[PAIRS];
    struct souk_error err = {0};
    struct souk_popularity popularity;
    struct souk_ratings_part part = {.users = {.count = 1},
                                     .offsets = offsets,
                                     .item = item,
                                     .last_ms = last_ms,
                                     .events = events};
    const struct souk_ratings ratings = {
        .parts = PARTS, .item_first = item_first, .pairs = pairs, .local_count = 1, .local = &part};
    for (int i = 0; i < pairs; i++) {
        if (rank_of(i, comm->size) != comm->rank)
            continue;
        item[offsets[1]] = item_of(i);
        last_ms[offsets[1]] = time_of(i);
        events[offsets[1]++] = events_of(i);
    }
    if (souk_popularity_all(comm, &ratings, half_life_ms, &popularity, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    const int failures = expect_sums(comm, &popularity, half_life_ms, pairs);
    souk_popularity_fini(&popularity);
    return failures;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    souk_status status = souk_comm_start(&argc, &argv, "mpi_popularity", &comm, &err);
    if (status != SOUK_OK)
        return 1;
    int64_t failures = check(&comm, -1, PAIRS) + check(&comm, 100000, PAIRS);
    failures += check(&comm, 1000, 0);
    status = souk_sum_i64_all(&comm, &failures, 1, &err);
    if (status == SOUK_OK && failures > 0)
        status = souk_fail(&err, SOUK_EINTEGRITY, "%lld checks failed", (long long)failures);
    return souk_comm_finish(&comm, status, &err);
}
