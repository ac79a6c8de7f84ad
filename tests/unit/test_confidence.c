/* A calibration as text: the same bits when read, and nothing wrong is believed. */
#include "shared/score/confidence.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 300 };

static struct souk_error err;

static struct souk_confidence made(void)
{
    struct souk_confidence c = {0};
    double score[POINTS], label[POINTS];
    for (uint64_t i = 0; i < POINTS; i++) {
        score[i] = souk_random_normal(1, i, 0) / 3;
        label[i] = souk_random_uniform(1, i, 1) < 1 / (1 + exp(-score[i]));
    }
    cr_assert_eq(souk_conformal_init(&c.conformal[SOUK_AUDIENCE_WARM], score, POINTS, &err),
                 SOUK_OK);
    cr_assert_eq(souk_conformal_init(&c.conformal[SOUK_AUDIENCE_COLD], score, 7, &err), SOUK_OK);
    cr_assert_eq(
        souk_isotonic_fit(&c.probability[SOUK_AUDIENCE_WARM], score, label, NULL, POINTS, &err),
        SOUK_OK);
    return c;
}

static void expect_equal(const struct souk_confidence *a, const struct souk_confidence *b)
{
    for (int s = 0; s < SOUK_AUDIENCES; s++) {
        const size_t scores = (size_t)a->conformal[s].count * sizeof(double);
        const size_t knots = (size_t)a->probability[s].count * sizeof(double);
        cr_assert_eq(a->conformal[s].count, b->conformal[s].count);
        cr_assert_eq(a->probability[s].count, b->probability[s].count);
        cr_assert(scores == 0 || memcmp(a->conformal[s].score, b->conformal[s].score, scores) == 0);
        cr_assert(knots == 0 ||
                  memcmp(a->probability[s].score, b->probability[s].score, knots) == 0);
        cr_assert(knots == 0 ||
                  memcmp(a->probability[s].value, b->probability[s].value, knots) == 0);
    }
}

Test(confidence, what_is_written_is_read)
{
    struct souk_confidence c = made(), read, none = {0};
    char *text, *again;
    size_t len, again_len;
    cr_assert_eq(souk_confidence_format(&c, &text, &len, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_confidence_parse(&read, text, len, "c", &err), SOUK_OK, "%s", err.msg);
    expect_equal(&c, &read);
    cr_assert_eq(souk_confidence_format(&read, &again, &again_len, &err), SOUK_OK);
    cr_assert_str_eq(text, again);
    free(text);
    free(again);
    souk_confidence_fini(&c);
    souk_confidence_fini(&read);
    cr_assert_eq(souk_confidence_format(&none, &text, &len, &err), SOUK_OK);
    cr_assert_eq(souk_confidence_parse(&read, text, len, "c", &err), SOUK_OK, "%s", err.msg);
    expect_equal(&none, &read);
    cr_assert_eq(souk_conformal_confidence(&read.conformal[SOUK_AUDIENCE_COLD], 3), 1);
    cr_assert_not(souk_conformal_is_guaranteed(&read.conformal[SOUK_AUDIENCE_COLD], .2));
    cr_assert(isnan(souk_isotonic_value(&read.probability[SOUK_AUDIENCE_COLD], 3)));
    free(text);
    souk_confidence_fini(&read);
}

Test(confidence, another_unit_says_the_same)
{
    struct souk_confidence a, b;
    static const char text[] = "{\"schema\":1,\"warm\":{\"true_scores\":[1,2,2,5],\"knots\":[1,3],"
                               "\"probabilities\":[0,1]},"
                               "\"cold\":{\"true_scores\":[],\"knots\":[],\"probabilities\":[]},"
                               "\"new\":{\"true_scores\":[],\"knots\":[],\"probabilities\":[]}}";
    cr_assert_eq(souk_confidence_parse(&a, text, strlen(text), "a", &err), SOUK_OK);
    cr_assert_eq(souk_confidence_parse(&b, text, strlen(text), "b", &err), SOUK_OK);
    souk_confidence_scale(&b, SOUK_AUDIENCE_WARM, .25);
    souk_confidence_scale(&b, SOUK_AUDIENCE_COLD, .25);
    for (double s = 0; s < 7; s += .5)
        for (int audience = 0; audience < SOUK_AUDIENCES; audience++) {
            const enum souk_audience which = (enum souk_audience)audience;
            cr_expect_eq(souk_confidence_of(&a, which, s), souk_confidence_of(&b, which, s / 4));
            cr_expect(souk_confidence_probability(&a, which, s) ==
                          souk_confidence_probability(&b, which, s / 4) ||
                      which != SOUK_AUDIENCE_WARM);
        }
    souk_confidence_fini(&a);
    souk_confidence_fini(&b);
}

Test(confidence, wrong_text_is_refused)
{
#define ONE "{\"true_scores\":[1,2.5],\"knots\":[0,1],\"probabilities\":[0,0.5]}"
    static const struct {
        const char *text;
        souk_status status;
        const char *says;
    } cases[] = {
        {"{\"schema\":1,\"warm\":" ONE ",\"cold\":" ONE ",\"new\":" ONE "}", SOUK_OK, ""},
        {"{\"schema\":2,\"warm\":" ONE ",\"cold\":" ONE ",\"new\":" ONE "}", SOUK_EVERSION,
         "schema 2"},
        {"{\"warm\":" ONE ",\"cold\":" ONE ",\"new\":" ONE "}", SOUK_EFORMAT, "schema is missing"},
        {"{\"schema\":1,\"warm\":" ONE "}", SOUK_EFORMAT, "c: cold: true_scores"},
        {"{\"schema\":1,\"warm\":" ONE ",\"cold\":" ONE "}", SOUK_EFORMAT, "c: new: true_scores"},
        {"[1]", SOUK_EFORMAT, "schema is missing"},
        {"{", SOUK_EFORMAT, "c:1: "},
        {"", SOUK_EFORMAT, "c:1: "},
        {"{\"schema\":1,\"warm\":{\"true_scores\":[\"x\"]}}", SOUK_EFORMAT, "true_scores[0]"},
        {"{\"schema\":1,\"warm\":{\"true_scores\":[1e999]}}", SOUK_EFORMAT, "c:1: "},
        {"{\"schema\":1,\"warm\":{\"true_scores\":[],\"knots\":[1],\"probabilities\":[]}}",
         SOUK_EFORMAT, "1 knots, but 0"},
        {"{\"schema\":1,\"warm\":{\"true_scores\":[],\"knots\":[1],\"probabilities\":[1.5]}}",
         SOUK_EFORMAT, "not in [0, 1]"},
        {"{\"schema\":1,\"warm\":{\"true_scores\":[],\"knots\":[1,1],\"probabilities\":[0,1]}}",
         SOUK_EFORMAT, "knot 1 does not rise"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct souk_confidence c;
        const souk_status status =
            souk_confidence_parse(&c, cases[i].text, strlen(cases[i].text), "c", &err);
        cr_assert_eq(status, cases[i].status, "case %zu: %s", i, err.msg);
        cr_assert(status == SOUK_OK || strstr(err.msg, cases[i].says), "'%s' does not say '%s'",
                  err.msg, cases[i].says);
        souk_confidence_fini(&c);
    }
}
