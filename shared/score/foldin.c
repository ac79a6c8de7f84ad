#include "shared/score/foldin.h"

#include "shared/base/memory.h"
#include "shared/base/optionvalue.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parameter {
    const char *key;
    double *value;
};

static souk_status read_numbers(const json_t *json, const struct parameter *wanted, int count,
                                struct souk_error *err)
{
    for (int i = 0; i < count; i++) {
        const json_t *value = json_object_get(json, wanted[i].key);
        if (!json_is_number(value) || !isfinite(json_number_value(value)))
            return souk_fail(err, SOUK_EFORMAT,
                             "the model's parameter '%s', which folding a user in needs, is no "
                             "number",
                             wanted[i].key);
        *wanted[i].value = json_number_value(value);
    }
    return SOUK_OK;
}

static souk_status read_als(struct souk_foldin *f, const json_t *json, struct souk_error *err)
{
    const char *objective = json_string_value(json_object_get(json, "objective"));
    if (objective && strcmp(objective, "ials") == 0) {
        const struct parameter wanted[] = {{"alpha0", &f->alpha0},
                                           {"lambda", &f->lambda},
                                           {"nu", &f->nu},
                                           {"weight-power", &f->power}};
        f->kind = SOUK_FOLDIN_IALS;
        return read_numbers(json, wanted, 4, err);
    }
    if (objective && strcmp(objective, "implicit") == 0) {
        const struct parameter wanted[] = {{"alpha", &f->alpha},
                                           {"confidence-offset", &f->offset},
                                           {"regularization", &f->regularization}};
        f->kind = SOUK_FOLDIN_IMPLICIT;
        return read_numbers(json, wanted, 3, err);
    }
    return SOUK_OK;
}

/* Absent where a model was trained without a half-life. */
static souk_status read_recency(struct souk_foldin *f, const json_t *json, struct souk_error *err)
{
    const json_t *newest = json_object_get(json, "recency-newest-ms");
    const char *half_life = json_string_value(json_object_get(json, "half-life"));
    const struct parameter mean = {"recency-mean", &f->recency.mean};
    if (!newest)
        return SOUK_OK;
    const souk_status status = read_numbers(json, &mean, 1, err);
    if (status)
        return status;
    if (!json_is_integer(newest) || !(f->recency.mean > 0) || !half_life ||
        !souk_option_duration(half_life, &f->recency.half_life_ms))
        return souk_fail(err, SOUK_EFORMAT,
                         "the model's parameters of its half-life are not as training writes them");
    f->recency.newest_ms = json_integer_value(newest);
    return SOUK_OK;
}

souk_status souk_foldin_init(const struct souk_model *model, struct souk_foldin *out,
                             struct souk_error *err)
{
    return souk_foldin_init_from(model->kind, model->factors, souk_model_items(model),
                                 model->parameters_json, out, err);
}

souk_status souk_foldin_init_from(const char *kind, int factors, int64_t items,
                                  const char *parameters_json, struct souk_foldin *out,
                                  struct souk_error *err)
{
    const size_t d = (size_t)factors;
    souk_status status = SOUK_OK;
    *out = (struct souk_foldin){.factors = factors,
                                .stride = souk_factor_stride(factors),
                                .items = items,
                                .recency = {.mean = 1}};
    json_t *json = json_loads(parameters_json ? parameters_json : "{}", 0, NULL);
    if (d > 0 && strcmp(kind, "svd") == 0)
        out->kind = SOUK_FOLDIN_PROJECTION;
    else if (d > 0 && strcmp(kind, "als") == 0)
        status = read_als(out, json, err);
    if (status == SOUK_OK && souk_foldin_needs_gram(out))
        status = read_recency(out, json, err);
    json_decref(json);
    if (status == SOUK_OK && souk_foldin_needs_gram(out)) {
        out->gram = souk_zalloc_array(d * d, sizeof *out->gram);
        if (!out->gram)
            status = souk_fail(err, SOUK_ENOMEM, "out of memory for a Gram matrix of %zu", d);
    }
    if (status != SOUK_OK)
        souk_foldin_fini(out);
    return status;
}

void souk_foldin_fini(struct souk_foldin *f)
{
    free(f->gram);
    *f = (struct souk_foldin){0};
}

/* m += weight y y', the lower triangle; rows of d. */
static void add_outer(double *m, int d, double weight, const float *y)
{
    for (int i = 0; i < d; i++) {
        const double scaled = weight * (double)y[i];
        for (int j = 0; j <= i; j++)
            m[(size_t)i * (size_t)d + (size_t)j] += scaled * (double)y[j];
    }
}

void souk_foldin_share_of(const struct souk_model_part *part, double *share)
{
    memset(share, 0, (size_t)souk_foldin_share_size(part->factors) * sizeof *share);
    for (int64_t item = 0; item < part->items.count; item++) {
        const float *y = part->item_factors + item * part->stride;
        double *row = share;
        for (int i = 0; i < part->factors; row += ++i)
            for (int j = 0; j <= i; j++)
                row[j] += (double)y[i] * (double)y[j];
    }
}

void souk_foldin_add_share(struct souk_foldin *f, const double *share)
{
    for (int i = 0; i < f->factors; share += ++i)
        for (int j = 0; j <= i; j++)
            f->gram[(size_t)i * (size_t)f->factors + (size_t)j] += share[j];
}

souk_status souk_foldin_add_items(struct souk_foldin *f, const struct souk_model_part *part)
{
    if (!f->gram)
        return SOUK_OK;
    double *share = souk_alloc_array((size_t)souk_foldin_share_size(f->factors), sizeof *share);
    if (!share)
        return SOUK_ENOMEM;
    souk_foldin_share_of(part, share);
    souk_foldin_add_share(f, share);
    free(share);
    return SOUK_OK;
}

int64_t souk_foldin_scratch(const struct souk_foldin *f)
{
    return (int64_t)f->factors * f->factors + f->factors;
}

/* Coefficients of a pair: of y y', and of y. */
static void coefficients(const struct souk_foldin *f, double weight, double recency, double *a,
                         double *b)
{
    if (f->kind == SOUK_FOLDIN_IALS) {
        *a = *b = (f->power == 0 ? 1 : pow(weight, f->power)) * recency;
        return;
    }
    *b = f->offset + f->alpha * weight * recency;
    *a = *b - 1;
}

static double ridge(const struct souk_foldin *f, int64_t count)
{
    if (f->kind == SOUK_FOLDIN_IMPLICIT)
        return f->regularization;
    return f->lambda * pow((double)count + f->alpha0 * (double)f->items, f->nu);
}

/* m = L L' in its lower triangle, then x = m^-1 x. @return false at a pivot that is not positive */
static bool solve_cholesky(double *m, int d, double *x)
{
    for (int i = 0; i < d; i++) {
        double *row = m + (size_t)i * (size_t)d;
        for (int j = 0; j <= i; j++) {
            const double *other = m + (size_t)j * (size_t)d;
            double sum = row[j];
            for (int k = 0; k < j; k++)
                sum -= row[k] * other[k];
            if (i == j && !(sum > 0))
                return false;
            row[j] = i == j ? sqrt(sum) : sum / other[j];
        }
        for (int k = 0; k < i; k++)
            x[i] -= row[k] * x[k];
        x[i] /= row[i];
    }
    for (int i = d - 1; i >= 0; i--) {
        const double *row = m + (size_t)i * (size_t)d;
        x[i] /= row[i];
        for (int k = 0; k < i; k++)
            x[k] -= row[k] * x[i];
    }
    return true;
}

static bool solve_equations(const struct souk_foldin *f, const float *const *row,
                            const float *weight, const double *recency, int64_t count,
                            double *scratch)
{
    const int d = f->factors;
    double *x = scratch, *m = scratch + d, a, b;
    const double of_all = f->kind == SOUK_FOLDIN_IALS ? f->alpha0 : 1;
    for (size_t c = 0; c < (size_t)d * (size_t)d; c++)
        m[c] = of_all * f->gram[c];
    for (int i = 0; i < d; i++)
        m[(size_t)i * (size_t)d + (size_t)i] += ridge(f, count);
    for (int64_t p = 0; p < count; p++) {
        coefficients(f, (double)weight[p], recency ? recency[p] : 1, &a, &b);
        add_outer(m, d, a, row[p]);
        for (int i = 0; i < d; i++)
            x[i] += b * (double)row[p][i];
    }
    return solve_cholesky(m, d, x);
}

souk_status souk_foldin_solve(const struct souk_foldin *f, const float *const *row,
                              const float *weight, const double *recency, int64_t count,
                              double *scratch, float *vector)
{
    double *x = scratch;
    if (f->kind == SOUK_FOLDIN_NONE)
        return SOUK_EINVAL;
    memset(vector, 0, (size_t)f->stride * sizeof *vector);
    memset(x, 0, (size_t)f->factors * sizeof *x);
    if (count == 0)
        return SOUK_OK;
    if (f->kind == SOUK_FOLDIN_PROJECTION) {
        for (int64_t p = 0; p < count; p++)
            for (int i = 0; i < f->factors; i++)
                x[i] += (double)weight[p] * (double)row[p][i];
    } else if (!solve_equations(f, row, weight, recency, count, scratch)) {
        return SOUK_ENUMERIC;
    }
    for (int i = 0; i < f->factors; i++) {
        vector[i] = (float)x[i];
        if (!isfinite(vector[i]))
            return SOUK_ENUMERIC;
    }
    return SOUK_OK;
}
