/* What pairs count in ALS, on any number of ranks, against the formula in a few lines, to the bit.
 */
#include "shared/base/random.h"
#include "shared/math/fixed.h"
#include "train/als/pairweight.h"

#include <math.h>
#include <stdio.h>

enum { PAIRS = 300, HALF_LIFE_MS = 100000, ANCIENT = 7 };
static const float HUGE_WEIGHT = 1e30f;

static float weight_of(int i)
{
    return .25f + (float)(souk_random_bits(2, 0, (uint64_t)i) % 64) / 4;
}

static int64_t time_of(int i)
{
    if (i == ANCIENT)
        return -INT64_C(1000000000000);
    return 1000000 - (int64_t)(souk_random_bits(2, 1, (uint64_t)i) % 500000);
}

/* Lopsided: the last rank has nearly all pairs, rank 0 (of several) none. */
static int rank_of(int i, int ranks)
{
    return i % 10 > 0 || ranks < 3 ? ranks - 1 : 1 + i % (ranks - 1);
}

static double decay_of(int i, int64_t newest_ms, int64_t half_life_ms)
{
    const double age = (double)(newest_ms - time_of(i));
    return half_life_ms > 0 ? exp2(-fmin(age / (double)half_life_ms, 64)) : 1;
}

/* This rank's pairs as two parts, the first one empty. */
struct own {
    int count, number[PAIRS];
    float weight[PAIRS];
    int64_t last_ms[PAIRS], offsets[2];
    struct souk_ratings_part parts[2];
    struct souk_ratings ratings;
};

static void fill(struct own *own, const struct souk_comm *comm)
{
    static int64_t none[1] = {0};
    for (int i = 0; i < PAIRS; i++) {
        if (rank_of(i, comm->size) != comm->rank)
            continue;
        own->number[own->count] = i;
        own->weight[own->count] = weight_of(i);
        own->last_ms[own->count++] = time_of(i);
    }
    own->offsets[1] = own->count;
    own->parts[0] = (struct souk_ratings_part){.offsets = none};
    own->parts[1] = (struct souk_ratings_part){.users = {.count = 1},
                                               .offsets = own->offsets,
                                               .weight = own->weight,
                                               .last_ms = own->last_ms};
    own->ratings = (struct souk_ratings){.pairs = PAIRS, .local_count = 2, .local = own->parts};
}

static int check(const struct souk_comm *comm, const struct own *own, double power,
                 int64_t half_life_ms)
{
    const struct souk_pairweight_rule rule = {power, half_life_ms};
    const int shift = souk_fixed_shift(1, PAIRS);
    struct souk_pairweight_view view;
    struct souk_error err = {0};
    int64_t newest_ms = INT64_MIN, sum = 0;
    int failures = 0;
    for (int i = 0; i < PAIRS; i++)
        newest_ms = time_of(i) > newest_ms ? time_of(i) : newest_ms;
    for (int i = 0; i < PAIRS; i++)
        sum += souk_fixed_from(decay_of(i, newest_ms, half_life_ms), shift);
    const double mean = half_life_ms > 0 ? souk_fixed_to(sum, shift) / PAIRS : 1;
    failures += souk_pairweight_view_all(comm, &own->ratings, &rule, &view, &err) != SOUK_OK;
    for (int k = 0; k < own->count && !failures; k++) {
        const int i = own->number[k];
        const double counts = pow((double)weight_of(i), power);
        const float want = (float)(counts * decay_of(i, newest_ms, half_life_ms) / mean);
        failures += view.ratings.local[1].weight[k] != want || !(want > 0);
        failures += own->weight[k] != weight_of(i); /* the ratings stay as they are */
    }
    if (failures)
        fprintf(stderr, "power %g, half-life %lld ms: %d failures %s\n", power,
                (long long)half_life_ms, failures, err.msg);
    souk_pairweight_fini(&view);
    return failures;
}

/* A weight that overflows on one rank is refused on all. */
static int check_overflow(const struct souk_comm *comm, struct own *own)
{
    const struct souk_pairweight_rule rule = {.power = 2};
    struct souk_pairweight_view view;
    struct souk_error err = {0};
    if (comm->rank == comm->size - 1)
        own->weight[0] = HUGE_WEIGHT;
    const souk_status status = souk_pairweight_view_all(comm, &own->ratings, &rule, &view, &err);
    souk_pairweight_fini(&view);
    return status != SOUK_ENUMERIC;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    static struct own own;
    int64_t failures;
    if (souk_comm_start(&argc, &argv, "mpi_pairweight", &comm, &err) != SOUK_OK)
        return 1;
    fill(&own, &comm);
    failures = check(&comm, &own, 1, 0);
    failures += check(&comm, &own, 0, -1);
    failures += check(&comm, &own, .5, -1);
    failures += check(&comm, &own, 0, HALF_LIFE_MS);
    failures += check(&comm, &own, .25, HALF_LIFE_MS);
    failures += check_overflow(&comm, &own);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
