#include "train/ranker/importance.h"

#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/score/forestscorer.h"
#include "train/ranker/rankmetric.h"
#include "train/ranker/rowpermutation.h"

#include <stdlib.h>

enum { BLOCK = 256 }; /* rows that are scored at a time */

/* What is needed to try one feature. */
struct trial {
    const struct souk_comm *comm;
    const struct souk_forest *forest;
    struct souk_rankdata *data;
    const struct souk_rankdata_totals *totals;
    const struct souk_rankobjective *objective;
    const struct souk_importance_options *options;
    struct souk_rowpermutation permutation;
    struct souk_forestscorer *scorer;
    double *score;           /* [rows] */
    float *kept, *exchanged; /* [rows], a feature's column */
    double *splits;          /* [features] */
};

/* Scores of the rows of one thread. @return false when memory is out */
static bool score_rows(const struct trial *t)
{
    const int64_t n = t->data->features, rows = t->data->rows;
    void *scratch = souk_alloc_aligned(souk_forestscorer_scratch_bytes(t->scorer), 1);
    const bool ready = scratch != NULL;
#pragma omp for schedule(static)
    for (int64_t first = 0; first < rows; first += BLOCK) {
        const int64_t count = rows - first < BLOCK ? rows - first : BLOCK;
        if (ready)
            souk_forestscorer_score_floats(t->scorer, t->data->value + first * n, count, n, scratch,
                                           t->score + first);
    }
    free(scratch);
    return ready;
}

static souk_status measure_all(const struct trial *t, double *metric, struct souk_error *err)
{
    int failed = 0;
#pragma omp parallel default(none) shared(t) reduction(+ : failed)
    failed += !score_rows(t);
    souk_status status = failed ? souk_fail(err, SOUK_ENOMEM, "no memory to score rows") : SOUK_OK;
    status = souk_status_agree_all(t->comm, status, err);
    return status ? status
                  : souk_rankmetric_all(t->comm, t->data, t->totals, t->objective, t->options->k,
                                        t->score, metric, err);
}

static void put_column(struct souk_rankdata *d, int feature, const float *column)
{
    for (int64_t i = 0; i < d->rows; i++)
        d->value[i * d->features + feature] = column[i];
}

/* The metric without a feature, as a mean over repeats. */
static souk_status try_feature_all(const struct trial *t, int feature, double *mean,
                                   struct souk_error *err)
{
    souk_status status = SOUK_OK;
    double metric, sum = 0;
    for (int64_t i = 0; i < t->data->rows; i++)
        t->kept[i] = t->data->value[i * t->data->features + feature];
    for (int repeat = 0; status == SOUK_OK && repeat < t->options->repeats; repeat++) {
        const uint64_t seed =
            souk_random_bits(t->options->seed, (uint64_t)feature, (uint64_t)repeat);
        status = souk_rowpermutation_column_all(&t->permutation, feature, seed, t->exchanged, err);
        if (status == SOUK_OK) {
            put_column(t->data, feature, t->exchanged);
            status = measure_all(t, &metric, err);
            put_column(t->data, feature, t->kept);
            sum += status == SOUK_OK ? metric : 0;
        }
    }
    *mean = sum / t->options->repeats;
    return status;
}

static souk_status allocate_all(struct trial *t, struct souk_error *err)
{
    const size_t rows = (size_t)t->data->rows;
    souk_status status = SOUK_OK;
    t->score = souk_alloc_array(rows, sizeof *t->score);
    t->kept = souk_alloc_array(rows, sizeof *t->kept);
    t->exchanged = souk_alloc_array(rows, sizeof *t->exchanged);
    t->splits = souk_alloc_array((size_t)t->forest->features, sizeof *t->splits);
    if (t->forest->features != t->data->features)
        status = souk_fail(err, SOUK_EINVAL, "the model has %d features, the table %d",
                           t->forest->features, t->data->features);
    else if (!t->score || !t->kept || !t->exchanged || !t->splits)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the scores of %zu rows", rows);
    else
        status = souk_forestscorer_new(t->forest, &t->scorer, err);
    return souk_status_agree_all(t->comm, status, err);
}

souk_status souk_importance_all(const struct souk_comm *comm, const struct souk_forest *forest,
                                struct souk_rankdata *data,
                                const struct souk_rankdata_totals *totals,
                                const struct souk_rankobjective *objective,
                                const struct souk_importance_options *options, double *metric,
                                double *drop, struct souk_error *err)
{
    struct trial t = {.comm = comm,
                      .forest = forest,
                      .data = data,
                      .totals = totals,
                      .objective = objective,
                      .options = options};
    const double sign = souk_rankmetric_grows(objective) ? 1 : -1;
    souk_status status = allocate_all(&t, err);
    if (status == SOUK_OK)
        status = souk_rowpermutation_init_all(&t.permutation, comm, data, totals, err);
    if (status == SOUK_OK)
        status = measure_all(&t, metric, err);
    if (status != SOUK_OK)
        goto out;
    souk_forest_importance(forest, SOUK_IMPORTANCE_SPLITS, t.splits);
    for (int f = 0; status == SOUK_OK && f < forest->features; f++) {
        double without = *metric;
        if (t.splits[f] > 0)
            status = try_feature_all(&t, f, &without, err);
        drop[f] = sign * (*metric - without);
    }
out:
    souk_rowpermutation_fini(&t.permutation);
    souk_forestscorer_free(t.scorer);
    free(t.score);
    free(t.kept);
    free(t.exchanged);
    free(t.splits);
    return status;
}

struct line {
    int feature;
    double gain, splits;
};

static int by_gain(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return x->gain != y->gain ? (x->gain < y->gain ? 1 : -1) : x->feature - y->feature;
}

souk_status souk_importance_print(FILE *out, const struct souk_forest *forest, const double *drop,
                                  struct souk_error *err)
{
    const size_t n = (size_t)forest->features;
    struct line *lines = souk_alloc_array(n, sizeof *lines);
    double *gain = souk_alloc_array(2 * n, sizeof *gain), total = 0;
    souk_status status = SOUK_OK;
    if (!lines || !gain) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %zu features", n);
        goto out;
    }
    souk_forest_importance(forest, SOUK_IMPORTANCE_GAIN, gain);
    souk_forest_importance(forest, SOUK_IMPORTANCE_SPLITS, gain + n);
    for (size_t f = 0; f < n; f++) {
        lines[f] = (struct line){(int)f, gain[f], gain[n + f]};
        total += gain[f];
    }
    qsort(lines, n, sizeof *lines, by_gain);
    fprintf(out, "%-32s %12s %7s %8s%s\n", "feature", "gain", "share", "splits",
            drop ? "        drop" : "");
    for (size_t i = 0; i < n; i++) {
        const struct line *l = &lines[i];
        fprintf(out, "%-32s %12.6g %6.2f%% %8.0f", forest->feature_name[l->feature], l->gain,
                total > 0 ? 100 * l->gain / total : 0, l->splits);
        if (drop)
            fprintf(out, " %11.6f", drop[l->feature]);
        fputc('\n', out);
    }
    if (fflush(out) != 0 || ferror(out))
        status = souk_fail(err, SOUK_EIO, "the table of features could not be written");
out:
    free(lines);
    free(gain);
    return status;
}
