/* The last stage: a score is the forest's and a share of the base's logarithm; a ranker that does
 * not belong to its model is refused. */
#include "shared/base/memory.h"
#include "shared/score/foresttext.h"
#include "shared/score/stagescore.h"
#include "tests/support/random_forest.h"
#include "tests/support/small_stages.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES = 26, ROWS = 200, ITEMS = 3 + 2, SIGNED = 15, LIFTED = 20 };
static char path[] = "m.model";
static struct souk_model model;
static struct souk_error err;

static void make_model(void)
{
    model = (struct souk_model){.path = path};
    cr_assert_eq(small_stages_name(&model.stages), SOUK_OK);
    cr_assert_eq(souk_feature_count(&model.stages), FEATURES);
}

static void free_model(void)
{
    free(model.stages.rules_json);
    free(model.stages.forest_text);
    free(model.stages.confidence_text);
}

TestSuite(stagescore, .init = make_model, .fini = free_model);

static struct souk_random_forest shape_of(int features)
{
    return (struct souk_random_forest){
        .seed = 3, .features = features, .trees = 12, .leaves = 9, .thresholds = 20, .missing = .2};
}

/* @param f empty with souk_forest_fini(); its text becomes the model's */
static void give_forest(int features, struct souk_forest *f)
{
    const struct souk_random_forest shape = shape_of(features);
    size_t len;
    cr_assert_eq(souk_random_forest_make(&shape, f, &err), SOUK_OK, "%s", err.msg);
    for (int i = 0; i < features; i++) {
        char name[128];
        souk_feature_name(&model.stages, i, name, sizeof name);
        cr_assert_eq(souk_forest_set_name(f, i, name, &err), SOUK_OK, "%s", err.msg);
    }
    cr_assert_eq(souk_forest_format(f, &model.stages.forest_text, &len, &err), SOUK_OK, "%s",
                 err.msg);
}

/* A row, and the same in double: forests are asked in double. Every third visitor is cold. */
static void draw_row(uint64_t number, float *row, double *wide)
{
    const struct souk_random_forest shape = shape_of(FEATURES);
    souk_random_forest_row(&shape, number, wide);
    for (int f = 0; f < FEATURES; f++)
        row[f] = (float)wide[f];
    row[ITEMS] = number % 3 == 2 ? 2 : 3;
    row[SIGNED] = (float)(number % 11) / 10;
    row[LIFTED] = number % 5 == 0 ? -.5F : (float)(number % 7) / 6;
    for (int f = 0; f < FEATURES; f++)
        wide[f] = (double)row[f];
}

Test(stagescore, a_score_is_the_forest_and_a_share_of_the_base)
{
    struct souk_forest forest;
    struct souk_stage_ranker ranker;
    float row[FEATURES];
    double wide[FEATURES];
    give_forest(FEATURES, &forest);
    cr_assert_eq(souk_stage_ranker_init(&ranker, &model, &err), SOUK_OK, "%s", err.msg);
    cr_expect_not_null(ranker.scorer);
    for (uint64_t n = 0; n < ROWS; n++) {
        draw_row(n, row, wide);
        const bool is_cold = n % 3 == 2;
        const double of_source = is_cold ? wide[SIGNED] : wide[LIFTED];
        const double base = of_source > 0 ? of_source : 0;
        const double of_forest = souk_forest_predict(&forest, wide);
        const double logarithm = log(base + 1. / 8192);
        cr_expect_eq(souk_stage_ranker_forest(&ranker, row), of_forest);
        cr_expect_eq(souk_stage_ranker_base(&ranker, row), logarithm);
        cr_expect_eq(souk_stage_ranker_score(&ranker, row),
                     (float)(of_forest + (is_cold ? .25 : .75) * logarithm));
    }
    souk_stage_ranker_fini(&ranker);
    souk_forest_fini(&forest);
}

Test(stagescore, many_rows_score_as_each_by_itself)
{
    struct souk_forest forest;
    struct souk_stage_ranker ranker;
    struct souk_stage_scratch scratch;
    float rows[ROWS * FEATURES], score[ROWS];
    double wide[FEATURES];
    give_forest(FEATURES, &forest);
    cr_assert_eq(souk_stage_ranker_init(&ranker, &model, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_stage_scratch_init(&scratch, &ranker), SOUK_OK);
    for (uint64_t n = 0; n < ROWS; n++)
        draw_row(n, rows + n * FEATURES, wide);
    for (int64_t count = 0; count <= ROWS; count += count < 70 ? 1 : 13) {
        souk_stage_ranker_score_rows(&ranker, rows, count, &scratch, score);
        for (int64_t n = 0; n < count; n++)
            cr_expect_eq(score[n], souk_stage_ranker_score(&ranker, rows + n * FEATURES));
    }
    souk_stage_scratch_fini(&scratch);
    souk_stage_ranker_fini(&ranker);
    souk_forest_fini(&forest);
}

Test(stagescore, without_a_forest_the_base_orders)
{
    struct souk_stage_ranker ranker;
    struct souk_stage_scratch scratch;
    float row[FEATURES], before = -INFINITY;
    double wide[FEATURES];
    cr_assert_eq(souk_stage_ranker_init(&ranker, &model, &err), SOUK_OK, "%s", err.msg);
    cr_expect_null(ranker.scorer);
    for (uint64_t n = 3; n < 7; n += 3) { /* warm visitors: bases of 3/6 and 6/6 */
        draw_row(n, row, wide);
        const float score = souk_stage_ranker_score(&ranker, row);
        cr_expect_gt(score, before);
        cr_expect_eq(souk_stage_ranker_forest(&ranker, row), 0);
        before = score;
    }
    cr_assert_eq(souk_stage_scratch_init(&scratch, &ranker), SOUK_OK);
    souk_stage_ranker_score_rows(&ranker, row, 1, &scratch, &before);
    cr_expect_eq(before, souk_stage_ranker_score(&ranker, row));
    souk_stage_scratch_fini(&scratch);
    souk_stage_ranker_fini(&ranker);
}

static void expect_refused(const char *reason)
{
    struct souk_stage_ranker ranker;
    cr_expect_eq(souk_stage_ranker_init(&ranker, &model, &err), SOUK_EFORMAT);
    cr_expect_not_null(strstr(err.msg, path), "%s", err.msg);
    cr_expect_not_null(strstr(err.msg, reason), "no '%s' in: %s", reason, err.msg);
    cr_expect_null(ranker.model);
    cr_expect_null(ranker.forest.tree);
}

Test(stagescore, refuses_a_forest_whose_columns_stand_otherwise)
{
    struct souk_forest forest;
    size_t len;
    give_forest(FEATURES, &forest);
    free(model.stages.forest_text);
    cr_assert_eq(souk_forest_set_name(&forest, 3, "item.of_another_build", &err), SOUK_OK);
    cr_assert_eq(souk_forest_format(&forest, &model.stages.forest_text, &len, &err), SOUK_OK);
    expect_refused("reads other features than this build makes");
    souk_forest_fini(&forest);
}

Test(stagescore, refuses_a_forest_of_other_features)
{
    struct souk_forest forest;
    give_forest(FEATURES - 1, &forest);
    expect_refused("reads 25 features, this build makes 26");
    souk_forest_fini(&forest);
}

Test(stagescore, refuses_a_text_that_is_no_forest)
{
    model.stages.forest_text = strdup("tree\nversion=v4\n");
    expect_refused("");
}

static void set_rules(const char *text)
{
    free(model.stages.rules_json);
    model.stages.rules_json = text ? strdup(text) : NULL;
}

Test(stagescore, says_what_the_model_was_calibrated_to)
{
    static const char text[] = "{\"schema\":1,\"warm\":{\"true_scores\":[3,-1,1],\"knots\":[0,2],"
                               "\"probabilities\":[0.5,1]},"
                               "\"cold\":{\"true_scores\":[],\"knots\":[],\"probabilities\":[]},"
                               "\"new\":{\"true_scores\":[],\"knots\":[],\"probabilities\":[]}}";
    struct souk_stage_ranker ranker;
    model.stages.confidence_text = souk_strndup(text, strlen(text));
    cr_assert_eq(souk_stage_ranker_init(&ranker, &model, &err), SOUK_OK, "%s", err.msg);
    const struct souk_confidence *c = &ranker.confidence;
    cr_expect_eq(souk_confidence_of(c, SOUK_AUDIENCE_WARM, 1), .75);
    cr_expect_eq(souk_confidence_of(c, SOUK_AUDIENCE_COLD, 1), 1);
    cr_expect_eq(souk_confidence_probability(c, SOUK_AUDIENCE_WARM, 1), .75);
    cr_expect(isnan(souk_confidence_probability(c, SOUK_AUDIENCE_COLD, 1)));
    cr_expect_eq(souk_confidence_threshold(c, SOUK_AUDIENCE_WARM, .5), 1);
    cr_expect(souk_confidence_is_guaranteed(c, SOUK_AUDIENCE_WARM, .25));
    cr_expect_not(souk_confidence_is_guaranteed(c, SOUK_AUDIENCE_WARM, .2));
    souk_stage_ranker_fini(&ranker);
}

Test(stagescore, an_audience_is_a_segment_or_nobody_known)
{
    const struct souk_stage_rules rules = {.cold_items = 5};
    cr_expect_eq(souk_stage_audience(&rules, 6), SOUK_AUDIENCE_WARM);
    cr_expect_eq(souk_stage_audience(&rules, 5), SOUK_AUDIENCE_COLD);
    cr_expect_eq(souk_stage_audience(&rules, 1), SOUK_AUDIENCE_COLD);
    cr_expect_eq(souk_stage_audience(&rules, 0), SOUK_AUDIENCE_NEW);
}

Test(stagescore, refuses_a_calibration_that_cannot_be)
{
    static const struct {
        const char *warm, *reason;
    } cases[] = {
        {"\"true_scores\":[1],\"knots\":[2,0],\"probabilities\":[0.5,1]", "knot 1"},
        {"\"true_scores\":[1],\"knots\":[0,2],\"probabilities\":[1,0.5]", "knot 1"},
        {"\"true_scores\":[1],\"knots\":[0],\"probabilities\":[1.5]", "not in [0, 1]"},
        {"\"true_scores\":[1e999],\"knots\":[],\"probabilities\":[]", "overflow"},
        {"\"true_scores\":[null],\"knots\":[],\"probabilities\":[]", "not a number"},
        {"\"true_scores\":[1],\"knots\":[0]", "probabilities is not an array"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct souk_stage_ranker ranker;
        char text[512];
        snprintf(text, sizeof text,
                 "{\"schema\":1,\"warm\":{%s},"
                 "\"cold\":{\"true_scores\":[],\"knots\":[],\"probabilities\":[]},"
                 "\"new\":{\"true_scores\":[],\"knots\":[],\"probabilities\":[]}}",
                 cases[i].warm);
        model.stages.confidence_text = souk_strndup(text, strlen(text));
        cr_assert_eq(souk_stage_ranker_init(&ranker, &model, &err), SOUK_EFORMAT, "%s", text);
        cr_expect_not_null(strstr(err.msg, "m.model: /confidence"), "%s", err.msg);
        cr_expect_not_null(strstr(err.msg, cases[i].reason), "%s", err.msg);
        free(model.stages.confidence_text);
        model.stages.confidence_text = NULL;
    }
}

Test(stagescore, rules_are_read_as_written)
{
    struct souk_stage_rules rules;
    cr_assert_eq(souk_stage_rules_of(&model, &rules, &err), SOUK_OK, "%s", err.msg);
    char *const again = souk_stage_rules_json(&rules);
    cr_expect_str_eq(again, model.stages.rules_json);
    free(again);
}

#define COLD "\"cold\": {\"source\": 0, \"lifted\": true, \"weight\": 1}"

Test(stagescore, refuses_rules_out_of_range)
{
    static const char source[] =
        "{\"power\": 1, \"half_life_days\": 0, \"quota\": 5, \"lift_column\": -1}";
    static const struct {
        const char *source, *others;
    } bad[] = {
        {"{\"power\": -1, \"half_life_days\": 0, \"quota\": 5, \"lift_column\": -1}", ""},
        {"{\"power\": 1, \"half_life_days\": 0, \"quota\": 1001, \"lift_column\": -1}", ""},
        {"{\"power\": 1, \"half_life_days\": 0, \"quota\": 5, \"lift_column\": 3}", ""},
        {"{\"power\": 1, \"half_life_days\": 0, \"quota\": 4294967297, \"lift_column\": 0}", ""},
        {"{\"half_life_days\": 0, \"quota\": 5, \"lift_column\": -1}", ""},
        {source, ", \"popular_column\": 3"},
        {source, ", \"popular_quota\": -1"},
        {source, ", \"repeat_quota\": 1001"},
        {source, ", \"value_column\": 3"},
        {source, ", \"cold_items\": -1"},
        {source, ", \"blend\": {}"},
        {source,
         ", \"blend\": {\"warm\": {\"source\": 2, \"lifted\": true, \"weight\": 1}, " COLD "}"},
        {source,
         ", \"blend\": {\"warm\": {\"source\": 0, \"lifted\": 1, \"weight\": 1}, " COLD "}"},
        {source,
         ", \"blend\": {\"warm\": {\"source\": 0, \"lifted\": true, \"weight\": -0.5}, " COLD "}"},
    };
    char text[1024];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, /* of two members of a name the last counts */
                 "{\"sources\": [%s, %s], \"popular_column\": 0, \"popular_quota\": 5, "
                 "\"repeat_quota\": 5, "
                 "\"cold_items\": 5, \"blend\": {\"warm\": {\"source\": 0, \"lifted\": true, "
                 "\"weight\": 1}, " COLD "}%s}",
                 source, bad[i].source, bad[i].others);
        set_rules(text);
        expect_refused("rules of the stages");
    }
    set_rules("{\"sources\": []}");
    expect_refused("rules of the stages");
    set_rules("no json");
    expect_refused("rules of the stages");
    set_rules(NULL);
    expect_refused("rules of the stages");
}
