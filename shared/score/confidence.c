#include "shared/score/confidence.h"

#include "shared/base/memory.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA = 1 };

const char *souk_audience_name(enum souk_audience audience)
{
    static const char *const names[SOUK_AUDIENCES] = {
#define X(name, text) [SOUK_AUDIENCE_##name] = text,
        SOUK_AUDIENCE_LIST(X)
#undef X
    };
    return names[audience];
}

double souk_confidence_of(const struct souk_confidence *c, enum souk_audience audience,
                          double score)
{
    return souk_conformal_confidence(&c->conformal[audience], score);
}

double souk_confidence_probability(const struct souk_confidence *c, enum souk_audience audience,
                                   double score)
{
    return souk_isotonic_value(&c->probability[audience], score);
}

double souk_confidence_threshold(const struct souk_confidence *c, enum souk_audience audience,
                                 double alpha)
{
    return souk_conformal_threshold(&c->conformal[audience], alpha);
}

bool souk_confidence_is_guaranteed(const struct souk_confidence *c, enum souk_audience audience,
                                   double alpha)
{
    return souk_conformal_is_guaranteed(&c->conformal[audience], alpha);
}

void souk_confidence_scale(struct souk_confidence *c, enum souk_audience audience, double factor)
{
    for (int64_t i = 0; i < c->conformal[audience].count; i++)
        c->conformal[audience].score[i] *= factor;
    for (int64_t i = 0; i < c->probability[audience].count; i++)
        c->probability[audience].score[i] *= factor;
}

void souk_confidence_fini(struct souk_confidence *c)
{
    for (int s = 0; s < SOUK_AUDIENCES; s++) {
        souk_conformal_fini(&c->conformal[s]);
        souk_isotonic_fini(&c->probability[s]);
    }
}

/* NULL when memory is out. */
static json_t *json_of(const double *values, int64_t count)
{
    json_t *array = json_array();
    for (int64_t i = 0; array && i < count; i++) {
        if (json_array_append_new(array, json_real(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* json_pack() takes the arrays over, and fails where one is NULL. */
static json_t *pack_audience(const struct souk_confidence *c, int s)
{
    const struct souk_conformal *conformal = &c->conformal[s];
    const struct souk_isotonic *probability = &c->probability[s];
    return json_pack("{s:o, s:o, s:o}", "true_scores", json_of(conformal->score, conformal->count),
                     "knots", json_of(probability->score, probability->count), "probabilities",
                     json_of(probability->value, probability->count));
}

souk_status souk_confidence_format(const struct souk_confidence *c, char **text, size_t *len,
                                   struct souk_error *err)
{
    json_t *root = json_pack("{s:i}", "schema", SCHEMA);
    *text = NULL;
    for (int s = 0; root && s < SOUK_AUDIENCES; s++) {
        const char *name = souk_audience_name((enum souk_audience)s);
        if (json_object_set_new(root, name, pack_audience(c, s)) != 0) {
            json_decref(root);
            root = NULL;
        }
    }
    if (root)
        *text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17) | JSON_SORT_KEYS);
    json_decref(root);
    if (!*text)
        return souk_fail(err, SOUK_ENOMEM, "no memory to write a calibration");
    *len = strlen(*text);
    return SOUK_OK;
}

/* A key's numbers as an array of their own: [*count], NULL on failure. */
static souk_status take_numbers(const json_t *audience, const char *key, double **out,
                                int64_t *count, struct souk_error *err)
{
    const json_t *array = json_object_get(audience, key);
    *out = NULL;
    if (!json_is_array(array))
        return souk_fail(err, SOUK_EFORMAT, "%s is not an array", key);
    const size_t n = json_array_size(array);
    *out = souk_alloc_array(n, sizeof **out);
    if (!*out)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %zu numbers", n);
    *count = (int64_t)n;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_number(value))
            return souk_fail(err, SOUK_EFORMAT, "%s[%zu] is not a number", key, i);
        (*out)[i] = json_number_value(value);
    }
    return SOUK_OK;
}

static souk_status take_audience(struct souk_confidence *c, int s, const json_t *audience,
                                 struct souk_error *err)
{
    double *scores = NULL, *knots = NULL, *values = NULL;
    int64_t score_count = 0, knot_count = 0, value_count = 0;
    souk_status status = take_numbers(audience, "true_scores", &scores, &score_count, err);
    if (status == SOUK_OK)
        status = take_numbers(audience, "knots", &knots, &knot_count, err);
    if (status == SOUK_OK)
        status = take_numbers(audience, "probabilities", &values, &value_count, err);
    if (status == SOUK_OK && knot_count != value_count)
        status = souk_fail(err, SOUK_EFORMAT, "%lld knots, but %lld probabilities",
                           (long long)knot_count, (long long)value_count);
    for (int64_t i = 0; status == SOUK_OK && i < value_count; i++)
        if (values[i] < 0 || values[i] > 1)
            status = souk_fail(err, SOUK_EFORMAT, "probabilities[%lld] is %g, not in [0, 1]",
                               (long long)i, values[i]);
    if (status == SOUK_OK)
        status = souk_conformal_init(&c->conformal[s], scores, score_count, err);
    if (status == SOUK_OK)
        status = souk_isotonic_load(&c->probability[s], knots, values, knot_count, err);
    free(scores);
    free(knots);
    free(values);
    return status;
}

static souk_status take_audiences(struct souk_confidence *c, const json_t *root,
                                  struct souk_error *err)
{
    const json_t *schema = json_object_get(root, "schema");
    if (!json_is_integer(schema))
        return souk_fail(err, SOUK_EFORMAT, "this is no calibration: schema is missing");
    if (json_integer_value(schema) != SCHEMA)
        return souk_fail(err, SOUK_EVERSION, "schema %lld; this program reads %d",
                         (long long)json_integer_value(schema), SCHEMA);
    for (int s = 0; s < SOUK_AUDIENCES; s++) {
        const char *name = souk_audience_name((enum souk_audience)s);
        const souk_status status = take_audience(c, s, json_object_get(root, name), err);
        if (status != SOUK_OK)
            return souk_error_prefix(err, status, "%s", name);
    }
    return SOUK_OK;
}

souk_status souk_confidence_parse(struct souk_confidence *c, const char *text, size_t len,
                                  const char *name, struct souk_error *err)
{
    json_error_t reason;
    souk_status status;
    *c = (struct souk_confidence){0};
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &reason);
    if (!root)
        return souk_fail(err, SOUK_EFORMAT, "%s:%d: %s", name, reason.line, reason.text);
    status = take_audiences(c, root, err);
    json_decref(root);
    if (status != SOUK_OK) {
        souk_confidence_fini(c);
        return souk_error_prefix(err, status, "%s", name);
    }
    return SOUK_OK;
}
