#include "train/tune/sampler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIALS_MAX = 128 };

static struct souk_space parse(const char *text)
{
    struct souk_space s;
    struct souk_error err = {0};
    cr_assert_eq(souk_space_parse(text, &s, &err), SOUK_OK, "%s", err.msg);
    return s;
}

Test(sampler, lays_a_grid_of_every_combination_once)
{
    struct souk_space space = parse("a=0:1,b=log:1:100,c=x|y|z");
    struct souk_sampler s;
    bool seen[7][7][3] = {{{false}}};
    cr_assert_eq(souk_sampler_init(&s, SOUK_SAMPLER_GRID, &space, 1, 40, NULL), SOUK_OK);
    /* 3 values of c; 4 x 3 levels of a and b: 36 of 40 */
    cr_assert_eq(souk_sampler_trials(&s), 36);
    for (int64_t t = 0; t < 36; t++) {
        double point[3];
        cr_assert_eq(souk_sampler_propose(&s, &(struct souk_observations){0}, t, point, NULL),
                     SOUK_OK);
        bool *cell = &seen[(int)lround(point[0] * 6)][(int)lround(point[1] * 6)]
                          [souk_dimension_choice(&space.dimensions[2], point[2])];
        cr_expect(!*cell, "trial %d is there twice", (int)t);
        *cell = true;
    }
    cr_expect(seen[0][0][0] && seen[6][6][2], "the ends are missing");
    souk_space_fini(&space);
}

Test(sampler, refuses_a_grid_that_does_not_fit)
{
    struct souk_space space = parse("a=0:1,b=0:1,c=x|y|z");
    struct souk_sampler s;
    struct souk_error err = {0};
    cr_expect_eq(souk_sampler_init(&s, SOUK_SAMPLER_GRID, &space, 1, 11, &err), SOUK_EUSAGE);
    cr_expect(strstr(err.msg, "--trials") != NULL, "%s", err.msg);
    cr_expect_eq(souk_sampler_init(&s, SOUK_SAMPLER_GRID, &space, 1, 12, &err), SOUK_OK);
    souk_space_fini(&space);
}

/* A bowl with its bottom off the middle, in a space of which half the dimensions matter. */
static double bowl(const double *x)
{
    const double a = x[0] - .73, b = x[1] - .21;
    return -(a * a + 2 * b * b + a * b) + .02 * sin(40 * x[2]);
}

/* The best of n trials in batches of 5. */
static double search(enum souk_sampler_kind kind, uint64_t seed, int n)
{
    struct souk_space space = parse("a=0:1,b=0:1,c=0:1,d=x|y");
    struct souk_sampler s;
    double points[TRIALS_MAX * 4], values[TRIALS_MAX], best = -INFINITY;
    cr_assert_eq(souk_sampler_init(&s, kind, &space, seed, n, NULL), SOUK_OK);
    for (int first = 0; first < n; first += 5) {
        for (int t = first; t < first + 5; t++) {
            const struct souk_observations seen = {t, points, values};
            double *x = points + t * 4;
            cr_assert_eq(souk_sampler_propose(&s, &seen, t, x, NULL), SOUK_OK);
            for (int d = 0; d < 4; d++)
                cr_assert(x[d] >= 0 && x[d] <= 1, "coordinate %g", x[d]);
            values[t] = NAN; /* under way */
        }
        for (int t = first; t < first + 5; t++) {
            values[t] = bowl(points + t * 4) - (points[t * 4 + 3] < .5 ? .1 : 0);
            best = values[t] > best ? values[t] : best;
        }
    }
    souk_space_fini(&space);
    return best;
}

static double mean_best(enum souk_sampler_kind kind)
{
    double sum = 0;
    for (uint64_t seed = 1; seed <= 20; seed++)
        sum += search(kind, seed, 60);
    return sum / 20;
}

Test(sampler, tpe_beats_sobol_beats_random)
{
    const double random = mean_best(SOUK_SAMPLER_RANDOM), sobol = mean_best(SOUK_SAMPLER_SOBOL),
                 tpe = mean_best(SOUK_SAMPLER_TPE);
    const double top = .02;
    printf("mean distance from the top: random %.5f, sobol %.5f, tpe %.5f\n", top - random,
           top - sobol, top - tpe);
    cr_expect_lt(top - tpe, .5 * (top - random));
    cr_expect_lt(top - tpe, .7 * (top - sobol));
}

Test(sampler, a_seed_gives_the_same_points_and_another_does_not)
{
    static const enum souk_sampler_kind kinds[] = {SOUK_SAMPLER_RANDOM, SOUK_SAMPLER_SOBOL,
                                                   SOUK_SAMPLER_TPE};
    for (int k = 0; k < 3; k++) {
        cr_expect_eq(search(kinds[k], 7, 40), search(kinds[k], 7, 40));
        cr_expect_neq(search(kinds[k], 7, 40), search(kinds[k], 8, 40));
    }
}

Test(sampler, tpe_lives_with_failures_and_equal_values)
{
    struct souk_space space = parse("a=0:1,b=3");
    struct souk_sampler s;
    double points[2 * 30], values[30], x[2];
    cr_assert_eq(souk_sampler_init(&s, SOUK_SAMPLER_TPE, &space, 1, 40, NULL), SOUK_OK);
    for (int i = 0; i < 30; i++) {
        points[2 * i] = points[2 * i + 1] = .5;
        values[i] = i % 2 ? NAN : 1;
    }
    for (int t = 30; t < 40; t++) {
        cr_assert_eq(
            souk_sampler_propose(&s, &(struct souk_observations){30, points, values}, t, x, NULL),
            SOUK_OK);
        cr_expect(x[0] >= 0 && x[0] <= 1 && x[1] >= 0 && x[1] <= 1);
    }
    souk_space_fini(&space);
}
