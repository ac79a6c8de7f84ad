#include "shared/score/foldin.h"
#include "shared/score/historyrule.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 40, FACTORS = 5, STRIDE = 16 };

static _Alignas(64) float factors[ITEMS * STRIDE];
static int64_t item_first[] = {0, 15, 15, ITEMS};

static struct souk_model model_of(const char *kind, char *parameters)
{
    struct souk_model m = {
        .parts = 3, .factors = FACTORS, .item_first = item_first, .parameters_json = parameters};
    snprintf(m.kind, sizeof m.kind, "%s", kind);
    for (int i = 0; i < ITEMS; i++)
        for (int c = 0; c < FACTORS; c++)
            factors[i * STRIDE + c] = (float)souk_random_normal(1, (uint64_t)i, (uint64_t)c);
    return m;
}

static void load(struct souk_foldin *f, const struct souk_model *m)
{
    cr_assert_eq(souk_foldin_init(m, f, NULL), SOUK_OK);
    for (int p = 0; p < 3; p++) {
        const struct souk_model_part part = {.part = p,
                                             .factors = FACTORS,
                                             .stride = STRIDE,
                                             .items = {.count = item_first[p + 1] - item_first[p]},
                                             .item_factors = factors + item_first[p] * STRIDE};
        cr_assert_eq(souk_foldin_add_items(f, &part), SOUK_OK);
    }
}

static void solve(const struct souk_foldin *f, const int *item, const float *weight, int count,
                  float *x)
{
    const float *row[ITEMS];
    double *scratch = malloc((size_t)souk_foldin_scratch(f) * sizeof *scratch);
    for (int i = 0; i < count; i++)
        row[i] = factors + item[i] * STRIDE;
    cr_assert_eq(souk_foldin_solve(f, row, weight, NULL, count, scratch, x), SOUK_OK);
    free(scratch);
}

static double score(const float *x, int item)
{
    double s = 0;
    for (int c = 0; c < FACTORS; c++)
        s += (double)x[c] * (double)factors[item * STRIDE + c];
    return s;
}

static const int history[] = {3, 14, 20, 39};
static const float weight[] = {1, 4, 2, 9};

/* Where the objective's gradient vanishes, since it is convex: written down from its definition. */
static double gradient(const float *x, bool is_ials, int c)
{
    double g = 0;
    for (int i = 0; i < ITEMS; i++) {
        const double y = (double)factors[i * STRIDE + c], s = score(x, i);
        double w = 0;
        for (int h = 0; h < 4; h++)
            w = history[h] == i ? (double)weight[h] : w;
        if (is_ials)
            g += 2 * (.2 * s - (w > 0 ? sqrt(w) * (1 - s) : 0)) * y;
        else
            g += 2 * (w > 0 ? -(1 + 3 * w) * (1 - s) : s) * y;
    }
    const double ridge = is_ials ? .05 * pow(4 + .2 * ITEMS, .8) : .7;
    return g + 2 * ridge * (double)x[c];
}

Test(foldin, minimizes_the_objective_of_its_row)
{
    char ials[] = "{\"objective\": \"ials\", \"alpha0\": 0.2, \"lambda\": 0.05, \"nu\": 0.8, "
                  "\"weight-power\": 0.5}";
    char implicit[] = "{\"objective\": \"implicit\", \"alpha\": 3, \"confidence-offset\": 1, "
                      "\"regularization\": 0.7}";
    for (int is_ials = 0; is_ials < 2; is_ials++) {
        const struct souk_model m = model_of("als", is_ials ? ials : implicit);
        struct souk_foldin f;
        float x[STRIDE];
        load(&f, &m);
        solve(&f, history, weight, 4, x);
        for (int c = 0; c < FACTORS; c++)
            cr_expect_float_eq(gradient(x, is_ials, c), 0, 1e-4);
        for (int c = FACTORS; c < STRIDE; c++)
            cr_expect_eq(x[c], 0);
        solve(&f, history, weight, 0, x);
        for (int c = 0; c < STRIDE; c++)
            cr_expect_eq(x[c], 0, "no history, no factors");
        souk_foldin_fini(&f);
    }
}

/* With a half-life a pair counts what its age leaves of it: as if its weight were so much. */
Test(foldin, minds_the_age_of_pairs)
{
    char aged[] = "{\"objective\": \"ials\", \"alpha0\": 0.2, \"lambda\": 0.05, \"nu\": 0.8, "
                  "\"weight-power\": 1, \"half-life\": \"2s\", \"recency-newest-ms\": 9000, "
                  "\"recency-mean\": 0.5}";
    const struct souk_model m = model_of("als", aged);
    const int64_t last_ms[] = {9000, 7000, 5000, 9500};
    const double factor[] = {2, 1, .5, 2};
    const float *row[4];
    float x[STRIDE], y[STRIDE], scaled[4];
    double recency[4], scratch[FACTORS * FACTORS + FACTORS];
    struct souk_foldin f;
    load(&f, &m);
    for (int i = 0; i < 4; i++) {
        recency[i] = souk_recency_factor(&f.recency, last_ms[i]);
        cr_expect_float_eq(recency[i], factor[i], 1e-12);
        scaled[i] = weight[i] * (float)factor[i];
        row[i] = factors + history[i] * STRIDE;
    }
    cr_assert_eq(souk_foldin_solve(&f, row, weight, recency, 4, scratch, x), SOUK_OK);
    cr_assert_eq(souk_foldin_solve(&f, row, scaled, NULL, 4, scratch, y), SOUK_OK);
    cr_expect_eq(memcmp(x, y, sizeof x), 0);
    souk_foldin_fini(&f);
}

/* Whoever adds up the shares of the parts has the same bits as who reads the parts. */
Test(foldin, adds_up_shares_of_parts)
{
    char ials[] = "{\"objective\": \"ials\", \"alpha0\": 0.2, \"lambda\": 0.05, \"nu\": 0.8, "
                  "\"weight-power\": 0.5}";
    const struct souk_model m = model_of("als", ials);
    struct souk_foldin whole, sum;
    double share[FACTORS * (FACTORS + 1) / 2];
    load(&whole, &m);
    cr_assert_eq(souk_foldin_init_from("als", FACTORS, ITEMS, ials, &sum, NULL), SOUK_OK);
    cr_expect_eq(souk_foldin_share_size(FACTORS), FACTORS * (FACTORS + 1) / 2);
    for (int p = 0; p < 3; p++) {
        const struct souk_model_part part = {.part = p,
                                             .factors = FACTORS,
                                             .stride = STRIDE,
                                             .items = {.count = item_first[p + 1] - item_first[p]},
                                             .item_factors = factors + item_first[p] * STRIDE};
        souk_foldin_share_of(&part, share);
        souk_foldin_add_share(&sum, share);
    }
    cr_expect_eq(memcmp(whole.gram, sum.gram, FACTORS * FACTORS * sizeof *sum.gram), 0);
    souk_foldin_fini(&whole);
    souk_foldin_fini(&sum);
}

Test(foldin, projects_onto_the_items_of_svd)
{
    char none[] = "{}";
    const struct souk_model m = model_of("svd", none);
    struct souk_foldin f;
    float x[STRIDE];
    load(&f, &m);
    solve(&f, history, weight, 4, x);
    for (int c = 0; c < FACTORS; c++) {
        double want = 0;
        for (int h = 0; h < 4; h++)
            want += (double)weight[h] * (double)factors[history[h] * STRIDE + c];
        cr_expect_float_eq((double)x[c], want, 1e-5);
    }
    souk_foldin_fini(&f);
}

Test(foldin, says_what_it_cannot_do)
{
    char ratings[] = "{\"objective\": \"explicit\"}", missing[] = "{\"objective\": \"ials\"}";
    struct souk_model m = model_of("als", ratings);
    struct souk_foldin f;
    float x[STRIDE];
    cr_expect_eq(souk_foldin_init(&m, &f, NULL), SOUK_OK);
    cr_expect_eq(f.kind, SOUK_FOLDIN_NONE);
    cr_expect_eq(souk_foldin_solve(&f, NULL, NULL, NULL, 0, NULL, x), SOUK_EINVAL);
    souk_foldin_fini(&f);
    m.parameters_json = missing;
    cr_expect_eq(souk_foldin_init(&m, &f, NULL), SOUK_EFORMAT);
    m = model_of("popular", ratings);
    m.factors = 0;
    cr_expect_eq(souk_foldin_init(&m, &f, NULL), SOUK_OK);
    cr_expect_eq(f.kind, SOUK_FOLDIN_NONE);
    souk_foldin_fini(&f);
}

Test(historyrule, weighs_as_training_did)
{
    char half[] = "{\"weight-power\": 0.5, \"event-weights\": \"view=2\"}", none[] = "{}";
    char own[] = "{\"history-power\": 2, \"event-weights\": null}", bad[] = "[]";
    struct souk_history_rule rule;
    struct souk_model m = model_of("ease", half);
    cr_assert_eq(souk_history_rule_of_model(&m, &rule, NULL), SOUK_OK);
    cr_expect_eq(souk_history_rule_weigh(&rule, 9), 3);
    cr_expect_str_eq(rule.event_weights, "view=2");
    souk_history_rule_fini(&rule);
    m = model_of("svd", none);
    cr_assert_eq(souk_history_rule_of_model(&m, &rule, NULL), SOUK_OK);
    cr_expect_eq(souk_history_rule_weigh(&rule, 9), 1);
    cr_expect_eq(souk_history_rule_weigh(&rule, 0), 0);
    souk_history_rule_fini(&rule);
    m = model_of("als", half);
    cr_assert_eq(souk_history_rule_of_model(&m, &rule, NULL), SOUK_OK);
    cr_expect_eq(souk_history_rule_weigh(&rule, 9), 9);
    souk_history_rule_fini(&rule);
    m = model_of("covisit", own);
    cr_assert_eq(souk_history_rule_of_model(&m, &rule, NULL), SOUK_OK);
    cr_expect_eq(souk_history_rule_weigh(&rule, 3), 9);
    cr_expect_null(rule.event_weights);
    souk_history_rule_fini(&rule);
    m.parameters_json = bad;
    cr_expect_eq(souk_history_rule_of_model(&m, &rule, NULL), SOUK_EFORMAT);
}
