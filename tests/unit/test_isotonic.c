/* Isotonic regression: the best of all partitions on tiny data, and what it promises of its curve.
 */
#include "shared/score/isotonic.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { POINTS_MAX = 9 };

static struct souk_error err;

struct points {
    int count;
    double score[POINTS_MAX], label[POINTS_MAX], weight[POINTS_MAX];
};

static struct points draw(uint64_t seed)
{
    struct points p = {.count = 1 + (int)(souk_random_bits(seed, 0, 0) % POINTS_MAX)};
    for (int i = 0; i < p.count; i++) {
        const uint64_t bits = souk_random_bits(seed, 1, (uint64_t)i);
        p.score[i] = (double)(bits % 7) - 3; /* ties, and no order */
        p.label[i] = seed % 2 ? (double)(bits >> 32 & 1) : souk_random_normal(seed, 2, (uint64_t)i);
        p.weight[i] = seed % 3 ? 1 : .25 + (double)(bits >> 40 & 7);
    }
    return p;
}

/* The sum of squares of labels in [low, high) by their mean, which must not be below `*least`. */
static double cost_of(const struct points *p, double low, double high, double *least)
{
    double weight = 0, sum = 0, cost = 0;
    for (int i = 0; i < p->count; i++)
        if (p->score[i] >= low && p->score[i] < high) {
            weight += p->weight[i];
            sum += p->weight[i] * p->label[i];
        }
    if (weight == 0)
        return 0;
    const double mean = sum / weight;
    if (mean < *least)
        return INFINITY;
    *least = mean;
    for (int i = 0; i < p->count; i++)
        if (p->score[i] >= low && p->score[i] < high)
            cost += p->weight[i] * (p->label[i] - mean) * (p->label[i] - mean);
    return cost;
}

/* The quadratic problem: its solution is constant on runs of scores, with their means, so that the
 * best of all partitions of the 7 scores into runs is the solution. */
static double best_cost(const struct points *p)
{
    double best = INFINITY;
    for (unsigned cuts = 0; cuts < 64; cuts++) {
        double cost = 0, least = -INFINITY, low = -3;
        for (int at = 0; at < 7; at++) {
            if (at < 6 && !(cuts >> at & 1))
                continue;
            const double high = -3 + at + 1;
            cost += cost_of(p, low, high, &least);
            low = high;
        }
        best = fmin(best, cost);
    }
    return best;
}

Test(isotonic, is_the_best_of_all_partitions)
{
    for (uint64_t seed = 0; seed < 3000; seed++) {
        const struct points p = draw(seed);
        struct souk_isotonic f;
        double cost = 0;
        cr_assert_eq(souk_isotonic_fit(&f, p.score, p.label, p.weight, p.count, &err), SOUK_OK);
        for (int i = 0; i < p.count; i++) {
            const double gap = p.label[i] - souk_isotonic_value(&f, p.score[i]);
            cost += p.weight[i] * gap * gap;
        }
        const double best = best_cost(&p);
        cr_assert_float_eq(cost, best, 1e-12 * (1 + best), "seed %llu: %g, not %g",
                           (unsigned long long)seed, cost, best);
        souk_isotonic_fini(&f);
    }
}

Test(isotonic, never_falls_between_and_beyond_its_knots)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        const struct points p = draw(seed);
        struct souk_isotonic f;
        double before = -INFINITY;
        cr_assert_eq(souk_isotonic_fit(&f, p.score, p.label, NULL, p.count, &err), SOUK_OK);
        for (double s = -5; s < 5; s += .01) {
            const double value = souk_isotonic_value(&f, s);
            cr_assert_geq(value, before);
            before = value;
        }
        cr_assert_eq(souk_isotonic_value(&f, -INFINITY), f.value[0]);
        cr_assert_eq(souk_isotonic_value(&f, INFINITY), f.value[f.count - 1]);
        cr_assert(isnan(souk_isotonic_value(&f, NAN)));
        souk_isotonic_fini(&f);
    }
}

Test(isotonic, is_linear_between_pools)
{
    const double score[] = {0, 1, 2, 4}, label[] = {.5, .25, 1, 1};
    struct souk_isotonic f;
    cr_assert_eq(souk_isotonic_fit(&f, score, label, NULL, 4, &err), SOUK_OK);
    cr_assert_eq(f.count, 4); /* pools [0, 1] and [2, 4] */
    cr_assert_eq(souk_isotonic_value(&f, .5), .375);
    cr_assert_eq(souk_isotonic_value(&f, 1.5), (.375 + 1) / 2);
    cr_assert_eq(souk_isotonic_value(&f, 3), 1);
    souk_isotonic_fini(&f);
}

Test(isotonic, does_not_depend_on_the_order_of_points)
{
    struct points p = draw(5), turned = p;
    struct souk_isotonic f, g;
    for (int i = 0; i < p.count; i++) {
        turned.score[i] = p.score[p.count - 1 - i];
        turned.label[i] = p.label[p.count - 1 - i];
        turned.weight[i] = p.weight[p.count - 1 - i];
    }
    cr_assert_eq(souk_isotonic_fit(&f, p.score, p.label, p.weight, p.count, &err), SOUK_OK);
    cr_assert_eq(souk_isotonic_fit(&g, turned.score, turned.label, turned.weight, p.count, &err),
                 SOUK_OK);
    cr_assert_eq(f.count, g.count);
    cr_assert_eq(memcmp(f.score, g.score, (size_t)f.count * sizeof *f.score), 0);
    cr_assert_eq(memcmp(f.value, g.value, (size_t)f.count * sizeof *f.value), 0);
    souk_isotonic_fini(&f);
    souk_isotonic_fini(&g);
}

Test(isotonic, refuses_wrong_points_and_knots)
{
    const double one[] = {1, 2}, equal[] = {1, 1}, falling[] = {2, 1}, wrong[] = {1, NAN};
    const double zero[] = {1, 0};
    struct souk_isotonic f;
    cr_assert_eq(souk_isotonic_fit(&f, one, one, NULL, 0, &err), SOUK_EINVAL);
    cr_assert_eq(souk_isotonic_fit(&f, wrong, one, NULL, 2, &err), SOUK_EINVAL);
    cr_assert_eq(souk_isotonic_fit(&f, one, wrong, NULL, 2, &err), SOUK_EINVAL);
    cr_assert_eq(souk_isotonic_fit(&f, one, one, zero, 2, &err), SOUK_EINVAL);
    cr_assert_eq(souk_isotonic_load(&f, equal, one, 2, &err), SOUK_EFORMAT);
    cr_assert_eq(souk_isotonic_load(&f, one, falling, 2, &err), SOUK_EFORMAT);
    cr_assert_eq(souk_isotonic_load(&f, one, wrong, 2, &err), SOUK_EFORMAT);
    cr_assert_eq(souk_isotonic_load(&f, one, equal, 2, &err), SOUK_OK);
    cr_assert_eq(souk_isotonic_value(&f, 1.5), 1);
    souk_isotonic_fini(&f);
    cr_assert(isnan(souk_isotonic_value(&f, 0)));
}
