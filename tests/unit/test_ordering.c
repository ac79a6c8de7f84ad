/* Orders by their names, and what they make of a row of features. */
#include "shared/score/features.h"
#include "tests/support/small_stages.h"
#include "train/evaluate/ordering.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char path[] = "m.model";
static struct souk_model model;
static struct souk_error err;

static void make_model(void)
{
    model = (struct souk_model){.path = path};
    cr_assert_eq(small_stages_name(&model.stages), SOUK_OK);
}

static void free_model(void)
{
    free(model.stages.rules_json);
}

TestSuite(ordering, .init = make_model, .fini = free_model);

Test(ordering, names_are_found)
{
    static const struct {
        const char *name;
        enum souk_order order;
        int source;
        bool lifted, staged;
    } known[] = {{"model", SOUK_ORDER_MODEL, 0, false, true},
                 {"popular", SOUK_ORDER_POPULAR, 0, false, false},
                 {"newest", SOUK_ORDER_NEWEST, 0, false, false},
                 {"random", SOUK_ORDER_RANDOM, 0, false, false},
                 {"repeat", SOUK_ORDER_REPEAT, 0, false, true},
                 {"signed", SOUK_ORDER_SOURCE, 0, false, true},
                 {"coarse", SOUK_ORDER_SOURCE, 1, false, true},
                 {"coarse.lifted", SOUK_ORDER_SOURCE, 1, true, true}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct souk_ordering o;
        cr_assert_eq(souk_ordering_find(known[i].name, &model, &o, &err), SOUK_OK, "%s", err.msg);
        cr_expect_eq(o.order, known[i].order);
        cr_expect_eq(o.source, known[i].source);
        cr_expect_eq(o.lifted, known[i].lifted);
        cr_expect_str_eq(o.name, known[i].name);
        cr_expect_eq(souk_ordering_is_staged(&o), known[i].staged);
    }
}

Test(ordering, unknown_names_are_refused_with_those_that_there_are)
{
    struct souk_ordering o;
    cr_expect_eq(souk_ordering_find("coarse.lift", &model, &o, &err), SOUK_EUSAGE);
    cr_expect_not_null(strstr(err.msg, "coarse.lifted"), "%s", err.msg);
    model.stages.source_count = 0;
    cr_expect_eq(souk_ordering_find("repeat", &model, &o, &err), SOUK_EUSAGE);
    cr_expect_null(strstr(err.msg, "repeat, "), "%s", err.msg);
}

/* @return the score of a row whose pair has these events, whose source `coarse` says `coarse` */
static float score_of(const char *name, float events, float idle_days, float coarse)
{
    struct souk_ordering o;
    struct souk_stage_ranker ranker;
    float row[SOUK_STAGE_FEATURES_MAX] = {0};
    cr_assert_eq(souk_ordering_find(name, &model, &o, &err), SOUK_OK);
    cr_assert_eq(souk_stage_ranker_init(&ranker, &model, &err), SOUK_OK, "%s", err.msg);
    row[0] = 3; /* popularity */
    row[souk_feature_of_source(&model.stages, 1, true)] = coarse;
    for (int f = 0; f < souk_feature_count(&model.stages); f++) {
        char feature[2 * SOUK_NAME_MAX_BYTES];
        souk_feature_name(&model.stages, f, feature, sizeof feature);
        if (strcmp(feature, "pair.events") == 0)
            row[f] = events;
        if (strcmp(feature, "pair.idle_days") == 0)
            row[f] = idle_days;
    }
    struct souk_stage_scratch scratch;
    float score;
    cr_assert_eq(souk_stage_scratch_init(&scratch, &ranker), SOUK_OK);
    souk_ordering_score_rows(&o, &ranker, row, 1, &scratch, &score);
    souk_stage_scratch_fini(&scratch);
    souk_stage_ranker_fini(&ranker);
    return score;
}

Test(ordering, repeats_stand_by_number_then_by_time_then_popular_items)
{
    const float thrice = score_of("repeat", 3, 100, 0), late = score_of("repeat", 2, 1, 0);
    const float early = score_of("repeat", 2, 90, 0), never = score_of("repeat", NAN, NAN, 0);
    cr_expect_gt(thrice, late);
    cr_expect_gt(late, early);
    cr_expect_gt(early, never);
    cr_expect_eq(never, .75F);
}

Test(ordering, a_source_stands_by_its_own_score)
{
    cr_expect_eq(score_of("coarse.lifted", 1, 1, .5F), .5F);
    cr_expect(isnan(score_of("coarse.lifted", 1, 1, 0)));
}
