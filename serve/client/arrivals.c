#include "serve/client/arrivals.h"

#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <math.h>
#include <stdlib.h>

enum { GAP_COLUMN, USER_COLUMN };

souk_status souk_arrivals_init(struct souk_arrivals *out, uint64_t seed, double rate,
                               enum souk_draw draw, double zipf_exponent, int64_t users,
                               struct souk_error *err)
{
    double sum = 0;
    *out = (struct souk_arrivals){.seed = seed, .rate = rate, .draw = draw, .users = users};
    if (draw != SOUK_DRAW_ZIPF)
        return SOUK_OK;
    out->cumulative = souk_alloc_array((size_t)users, sizeof *out->cumulative);
    if (!out->cumulative)
        return souk_fail(err, SOUK_ENOMEM, "no memory to draw among %lld users", (long long)users);
    for (int64_t r = 0; r < users; r++)
        out->cumulative[r] = sum += pow((double)(r + 1), -zipf_exponent);
    return SOUK_OK;
}

void souk_arrivals_fini(struct souk_arrivals *a)
{
    free(a->cumulative);
    *a = (struct souk_arrivals){0};
}

/* The first user whose cumulative weight is above u times the whole. */
static int64_t draw_zipf(const struct souk_arrivals *a, double u)
{
    const double target = u * a->cumulative[a->users - 1];
    int64_t low = 0, high = a->users - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (a->cumulative[middle] > target)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int64_t draw_user(const struct souk_arrivals *a)
{
    if (a->draw == SOUK_DRAW_TURN)
        return a->count % a->users;
    const double u = souk_random_uniform(a->seed, (uint64_t)a->count, USER_COLUMN);
    if (a->draw == SOUK_DRAW_ZIPF)
        return draw_zipf(a, u);
    const int64_t user = (int64_t)(u * (double)a->users);
    return user < a->users ? user : a->users - 1; /* the product may round up */
}

void souk_arrivals_next(struct souk_arrivals *a, int64_t *due_us, int64_t *user)
{
    if (a->rate > 0) /* gaps of a Poisson process are exponential */
        a->due_s -= log1p(-souk_random_uniform(a->seed, (uint64_t)a->count, GAP_COLUMN)) / a->rate;
    *due_us = (int64_t)(a->due_s * 1e6);
    *user = draw_user(a);
    a->count++;
}
