/* The losses against their definitions: numeric derivatives, and sums over all pairs. */
#include "tests/unit/rankcase.h"

#include "shared/base/random.h"

#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {
    "lambdarank", "yetirank", "yetirank-pairwise", "pairlogit", "queryrmse", "logistic", "rmse"};
enum { NAME_COUNT = sizeof NAMES / sizeof *NAMES };

static void fill(struct rankcase *c, int n, int grades, uint64_t seed)
{
    *c = (struct rankcase){.n = n, .number = (int64_t)seed};
    for (int i = 0; i < n; i++) {
        c->label[i] = (float)(souk_random_bits(seed, (uint64_t)i, 0) % (uint64_t)grades);
        c->score[i] = 2 * souk_random_normal(seed, (uint64_t)i, 1);
    }
}

/* --- numeric derivatives ------------------------------------------------------------------- */

static double loss_of_pairs(const struct souk_rankobjective *o, const struct rankcase *c)
{
    double loss = 0;
    for (int i = 0; i < c->n; i++)
        for (int j = 0; j < c->n; j++)
            if (c->label[i] > c->label[j])
                loss += log1p(exp(-o->sigmoid * (c->score[i] - c->score[j])));
    return loss;
}

static double loss_of_query(const struct souk_rankobjective *o, const struct rankcase *c)
{
    double mean = 0, loss = 0;
    (void)o;
    for (int i = 0; i < c->n; i++)
        mean += (c->label[i] - c->score[i]) / c->n;
    for (int i = 0; i < c->n; i++)
        loss += pow(c->label[i] - c->score[i] - mean, 2) / 2;
    return loss;
}

static double loss_of_logistic(const struct souk_rankobjective *o, const struct rankcase *c)
{
    double loss = 0;
    for (int i = 0; i < c->n; i++) {
        const double p = souk_rankobjective_transform(o, c->score[i]);
        loss -= c->label[i] * log(p) + (1 - c->label[i]) * log(1 - p);
    }
    return loss;
}

static double loss_of_rmse(const struct souk_rankobjective *o, const struct rankcase *c)
{
    double loss = 0;
    (void)o;
    for (int i = 0; i < c->n; i++)
        loss += pow(c->label[i] - c->score[i], 2) / 2;
    return loss;
}

static void check_derivatives(const char *name, double sigmoid, int grades,
                              double (*loss)(const struct souk_rankobjective *,
                                             const struct rankcase *))
{
    const double step = 1e-4;
    struct souk_rankobjective o = rankcase_objective(name);
    o.sigmoid = sigmoid;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rankcase c;
        fill(&c, 1 + (int)seed, grades, seed);
        rankcase_compute(&o, &c);
        for (int i = 0; i < c.n; i++) {
            struct rankcase up = c, down = c;
            up.score[i] += step;
            down.score[i] -= step;
            const double above = loss(&o, &up), below = loss(&o, &down), here = loss(&o, &c);
            cr_assert_float_eq(c.gradient[i], (above - below) / (2 * step), 1e-5);
            cr_assert_float_eq(c.hessian[i], (above - 2 * here + below) / (step * step), 1e-4);
        }
    }
}

Test(rankobjective, pairlogit_is_the_derivative_of_its_loss)
{
    check_derivatives("pairlogit", 1, 4, loss_of_pairs);
    check_derivatives("pairlogit", .5, 2, loss_of_pairs);
}

Test(rankobjective, queryrmse_is_the_derivative_of_its_loss)
{
    check_derivatives("queryrmse", 1, 5, loss_of_query);
}

Test(rankobjective, logistic_is_the_derivative_of_its_loss)
{
    check_derivatives("logistic", 1, 2, loss_of_logistic);
    check_derivatives("logistic", 1.7, 2, loss_of_logistic);
}

Test(rankobjective, rmse_is_the_derivative_of_its_loss)
{
    check_derivatives("rmse", 1, 5, loss_of_rmse);
}

/* --- lambdarank, by exchanging documents ----------------------------------------------------- */

/* Positions by counting: who has a higher score, or an equal one and came earlier. */
static int position_of(const struct rankcase *c, int i)
{
    int position = 0;
    for (int j = 0; j < c->n; j++)
        position += c->score[j] > c->score[i] || (c->score[j] == c->score[i] && j < i);
    return position;
}

static double dcg_of(const float *label_at, int n)
{
    double dcg = 0;
    for (int k = 0; k < n; k++)
        dcg += (pow(2, (double)label_at[k]) - 1) / log2(k + 2);
    return dcg;
}

static int descending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* |NDCG after exchanging i and j - NDCG before|, both rankings written out. */
static double ndcg_change(const struct rankcase *c, int i, int j, int truncation)
{
    float before[RANKCASE_MAX], after[RANKCASE_MAX], best[RANKCASE_MAX];
    for (int d = 0; d < c->n; d++)
        before[position_of(c, d)] = best[d] = c->label[d];
    memcpy(after, before, sizeof after);
    after[position_of(c, i)] = c->label[j];
    after[position_of(c, j)] = c->label[i];
    qsort(best, (size_t)c->n, sizeof *best, descending);
    return fabs(dcg_of(after, c->n) - dcg_of(before, c->n)) /
           dcg_of(best, c->n < truncation ? c->n : truncation);
}

static void brute_force(const struct souk_rankobjective *o, struct rankcase *c)
{
    double total = 0, highest = -INFINITY, lowest = INFINITY;
    for (int i = 0; i < c->n; i++) {
        c->gradient[i] = c->hessian[i] = 0;
        highest = fmax(highest, c->score[i]);
        lowest = fmin(lowest, c->score[i]);
    }
    for (int i = 0; i < c->n; i++)
        for (int j = 0; j < c->n; j++) {
            const int above = (int)fmin(position_of(c, i), position_of(c, j));
            if (!(c->label[i] > c->label[j]) || above >= o->truncation)
                continue;
            const double gap = c->score[i] - c->score[j], e = exp(-o->sigmoid * gap);
            double weight = ndcg_change(c, i, j, o->truncation);
            if (o->normalise && highest != lowest)
                weight /= .01 + fabs(gap);
            const double slope = weight * o->sigmoid * e / (1 + e);
            const double curvature = weight * o->sigmoid * o->sigmoid * e / ((1 + e) * (1 + e));
            c->gradient[i] -= slope;
            c->gradient[j] += slope;
            c->hessian[i] += curvature;
            c->hessian[j] += curvature;
            total += 2 * slope;
        }
    for (int i = 0; i < c->n && o->normalise && total > 0; i++) {
        c->gradient[i] *= log2(1 + total) / total;
        c->hessian[i] *= log2(1 + total) / total;
    }
}

static void compare_with_brute_force(const struct souk_rankobjective *o, struct rankcase *c)
{
    struct rankcase expected = *c;
    brute_force(o, &expected);
    rankcase_compute(o, c);
    for (int i = 0; i < c->n; i++) {
        cr_assert_float_eq(c->gradient[i], expected.gradient[i], 1e-12);
        cr_assert_float_eq(c->hessian[i], expected.hessian[i], 1e-12);
    }
}

Test(rankobjective, lambdarank_is_the_sum_over_all_pairs)
{
    static const int truncations[] = {1, 3, 10, 30, 1000};
    struct souk_rankobjective o = rankcase_objective("lambdarank");
    struct rankcase c;
    for (int t = 0; t < 5; t++)
        for (uint64_t seed = 0; seed < 40; seed++) {
            o.truncation = truncations[t];
            o.normalise = seed % 2;
            o.sigmoid = 1 + .5 * (double)(seed % 3);
            fill(&c, 2 + (int)seed, 2 + (int)(seed % 4), seed);
            for (int i = 0; i < c.n && seed % 5 == 0; i++)
                c.score[i] = round(c.score[i]); /* many ties */
            compare_with_brute_force(&o, &c);
        }
}

Test(rankobjective, lambdarank_starts_from_equal_scores)
{
    struct rankcase c = {.n = 5, .label = {0, 2, 1, 0, 31}};
    const struct souk_rankobjective o = rankcase_objective("lambdarank");
    compare_with_brute_force(&o, &c);
    cr_assert_lt(c.gradient[4], 0); /* the best document goes up */
}

/* --- edges ---------------------------------------------------------------------------------- */

Test(rankobjective, survives_scores_of_any_size)
{
    static const double scales[] = {1e3, 1e9, 1e100};
    for (int k = 0; k < NAME_COUNT; k++)
        for (int s = 0; s < 3; s++) {
            const struct souk_rankobjective o = rankcase_objective(NAMES[k]);
            struct rankcase c;
            fill(&c, 9, 2, 5);
            for (int i = 0; i < c.n; i++)
                c.score[i] *= scales[s];
            rankcase_compute(&o, &c);
            for (int i = 0; i < c.n; i++)
                cr_assert(isfinite(c.gradient[i]) && isfinite(c.hessian[i]) && c.hessian[i] >= 0);
        }
}

Test(rankobjective, has_nothing_to_say_where_no_two_labels_differ)
{
    for (int k = 0; k < 4; k++) { /* the pair losses */
        const struct souk_rankobjective o = rankcase_objective(NAMES[k]);
        struct rankcase alone = {.n = 1, .label = {3}, .score = {2}};
        struct rankcase empty = {.n = 0}, equal;
        rankcase_compute(&o, &alone);
        cr_assert(alone.gradient[0] == 0 && alone.hessian[0] == 0);
        rankcase_compute(&o, &empty);
        fill(&equal, 20, 1, 3);
        rankcase_compute(&o, &equal);
        for (int i = 0; i < equal.n; i++)
            cr_assert(equal.gradient[i] == 0 && equal.hessian[i] == 0);
    }
}

Test(rankobjective, moves_no_group_as_a_whole)
{
    for (int k = 0; k < 5; k++) { /* all that compare documents of a group */
        const struct souk_rankobjective o = rankcase_objective(NAMES[k]);
        struct rankcase c;
        double sum = 0;
        fill(&c, 40, 4, 8);
        rankcase_compute(&o, &c);
        for (int i = 0; i < c.n; i++)
            sum += c.gradient[i];
        cr_assert_float_eq(sum, 0, 1e-9, "%s", NAMES[k]);
    }
}

Test(rankobjective, refuses_scores_that_are_not_finite)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < NAME_COUNT; k++)
        for (int b = 0; b < 3; b++) {
            const struct souk_rankobjective o = rankcase_objective(NAMES[k]);
            struct souk_rankscratch scratch;
            struct souk_error err;
            struct rankcase c = {.n = 3, .score = {1, bad[b], 0}, .number = 17};
            cr_assert_eq(souk_rankscratch_init(&scratch, 3, &err), SOUK_OK);
            cr_assert_eq(rankcase_run(&o, &scratch, &c, 0, &err), SOUK_ENUMERIC);
            cr_assert(strstr(err.msg, "query group 17") && strstr(err.msg, "document 1"));
            souk_rankscratch_fini(&scratch);
        }
}

static souk_status check_label(const char *name, float label)
{
    const struct souk_rankobjective o = rankcase_objective(name);
    struct souk_error err = {0};
    const souk_status status = souk_rankobjective_check_labels(&o, &label, 1, 41, &err);
    if (status != SOUK_OK)
        cr_assert(strstr(err.msg, "row 42"), "%s", err.msg);
    return status;
}

Test(rankobjective, refuses_labels_that_it_cannot_use)
{
    for (int k = 0; k < NAME_COUNT; k++) {
        cr_assert_eq(check_label(NAMES[k], NAN), SOUK_EFORMAT);
        cr_assert_eq(check_label(NAMES[k], INFINITY), SOUK_EFORMAT);
        cr_assert_eq(check_label(NAMES[k], 1), SOUK_OK);
    }
    cr_assert_eq(check_label("lambdarank", 31), SOUK_OK);
    cr_assert_eq(check_label("lambdarank", 32), SOUK_EFORMAT);
    cr_assert_eq(check_label("lambdarank", 1.5f), SOUK_EFORMAT);
    cr_assert_eq(check_label("lambdarank", -1), SOUK_EFORMAT);
    cr_assert_eq(check_label("logistic", 1.5f), SOUK_EFORMAT);
    cr_assert_eq(check_label("logistic", -.1f), SOUK_EFORMAT);
    cr_assert_eq(check_label("queryrmse", -7.5f), SOUK_OK);
}

Test(rankobjective, refuses_options_out_of_range)
{
    struct souk_rankobjective o;
    struct souk_error err;
    cr_assert_eq(souk_rankobjective_find("lambda", &o, &err), SOUK_EUSAGE);
    cr_assert(strstr(err.msg, "yetirank-pairwise"));
    for (int k = 0; k < 7; k++) {
        o = rankcase_objective(NAMES[k]);
        cr_assert_str_eq(souk_rankobjective_name(o.kind), NAMES[k]);
        cr_assert_eq(souk_rankobjective_check(&o, &err), SOUK_OK);
    }
    o.sigmoid = NAN;
    cr_assert_eq(souk_rankobjective_check(&o, &err), SOUK_EUSAGE);
    o = rankcase_objective("yetirank");
    o.decay = 1.01;
    cr_assert_eq(souk_rankobjective_check(&o, &err), SOUK_EUSAGE);
    o.decay = .5;
    o.permutations = 0;
    cr_assert_eq(souk_rankobjective_check(&o, &err), SOUK_EUSAGE);
    o.permutations = 1;
    o.truncation = 0;
    cr_assert_eq(souk_rankobjective_check(&o, &err), SOUK_EUSAGE);
}

/* The constant is where the summed gradient vanishes. */
Test(rankobjective, starts_at_the_best_constant)
{
    static const char *const names[] = {"logistic", "rmse"};
    for (int k = 0; k < 2; k++) {
        struct souk_rankobjective o = rankcase_objective(names[k]);
        struct rankcase c = {.n = 4, .label = {1, 0, 0, 0}};
        double sum = 0;
        o.sigmoid = 2;
        for (int i = 0; i < c.n; i++)
            c.score[i] = souk_rankobjective_initial(&o, .25);
        rankcase_compute(&o, &c);
        for (int i = 0; i < c.n; i++)
            sum += c.gradient[i];
        cr_assert_float_eq(sum, 0, 1e-12);
        cr_assert_float_eq(souk_rankobjective_transform(&o, c.score[0]), .25, 1e-12);
        cr_assert(isfinite(souk_rankobjective_initial(&o, 0)));
        cr_assert(isfinite(souk_rankobjective_initial(&o, 1)));
    }
}
