#include "train/ranker/rankdata.h"

#include "shared/base/largearray.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "train/comm/exactsum.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

souk_status souk_rankdata_init(struct souk_rankdata *d, int64_t rows, int64_t groups, int features,
                               struct souk_error *err)
{
    size_t values;
    *d = (struct souk_rankdata){.features = features, .rows = rows, .groups = groups};
    if (rows > INT32_MAX)
        return souk_fail(err, SOUK_ELIMIT,
                         "%" PRId64 " rows on one rank: at most %d, so use more ranks", rows,
                         INT32_MAX);
    if (souk_mul_size((size_t)rows, (size_t)features, &values)) {
        d->group_start = souk_zalloc_array((size_t)groups + 1, sizeof *d->group_start);
        d->label = souk_alloc_array((size_t)rows, sizeof *d->label);
        d->value = souk_large_array(values, sizeof *d->value);
    }
    if (d->group_start && d->label && d->value)
        return SOUK_OK;
    souk_rankdata_fini(d);
    return souk_fail(err, SOUK_ENOMEM, "no memory for %" PRId64 " rows of %d features", rows,
                     features);
}

void souk_rankdata_fini(struct souk_rankdata *d)
{
    for (int f = 0; d->feature_name && f < d->features; f++)
        free(d->feature_name[f]);
    free(d->feature_name);
    free(d->categorical);
    free(d->group_start);
    free(d->group_number);
    free(d->label);
    free(d->value);
    *d = (struct souk_rankdata){0};
}

static souk_status check_values(const struct souk_rankdata *d, const char *name,
                                struct souk_error *err)
{
    for (int64_t r = 0; r < d->rows; r++) {
        if (!isfinite(d->label[r]))
            return souk_fail(err, SOUK_EFORMAT, "%s: the label of a row is not a finite number",
                             name);
        for (int f = 0; f < d->features; f++)
            if (isinf(d->value[r * d->features + f]))
                return souk_fail(err, SOUK_EFORMAT,
                                 "%s: feature %d is infinite in a row: leave it out for missing",
                                 name, f);
    }
    return SOUK_OK;
}

static double label_sign_max(const struct souk_rankdata *d, double sign)
{
    double most = -INFINITY;
    for (int64_t r = 0; r < d->rows; r++)
        most = fmax(most, sign * (double)d->label[r]);
    return most;
}

static souk_status sum_labels_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                  struct souk_rankdata_totals *totals, struct souk_error *err)
{
    double *label = souk_alloc_array((size_t)d->rows, sizeof *label);
    souk_status status = label ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for labels");
    status = souk_status_agree_all(comm, status, err);
    for (int64_t r = 0; status == SOUK_OK && r < d->rows; r++)
        label[r] = (double)d->label[r];
    if (status == SOUK_OK)
        status = souk_exact_sum_all(comm, label, d->rows, totals->rows, &totals->label_sum, err);
    free(label);
    return status;
}

static souk_status count_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                             struct souk_rankdata_totals *totals, struct souk_error *err)
{
    int64_t *groups = NULL, counts[3] = {d->rows, d->groups, 0}, most[3] = {0, 0, 0};
    for (int64_t g = 0; g < d->groups; g++)
        most[0] = d->group_start[g + 1] - d->group_start[g] > most[0]
                      ? d->group_start[g + 1] - d->group_start[g]
                      : most[0];
    most[1] = d->features;
    most[2] = -d->features;
    int64_t *received = souk_alloc_array((size_t)comm->size, sizeof *received);
    souk_status status = souk_status_agree_all(
        comm, received ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for counts"), err);
    if (status == SOUK_OK)
        status =
            souk_gather_all(comm, &d->groups, 1, sizeof d->groups, (void **)&groups, received, err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, counts, 2, err);
    if (status == SOUK_OK)
        status = souk_max_i64_all(comm, most, 3, err);
    for (int r = 0; status == SOUK_OK && r < comm->rank; r++)
        totals->first_group += groups[r];
    totals->rows = counts[0];
    totals->groups = counts[1];
    totals->largest_group = most[0];
    if (status == SOUK_OK && most[1] != -most[2])
        status =
            souk_fail(err, SOUK_EFORMAT, "%" PRId64 " features on one rank, %" PRId64 " on another",
                      -most[2], most[1]);
    free(groups);
    free(received);
    return status;
}

souk_status souk_rankdata_totals_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                     const char *name, struct souk_rankdata_totals *totals,
                                     struct souk_error *err)
{
    *totals = (struct souk_rankdata_totals){0};
    souk_status status = souk_status_agree_all(comm, check_values(d, name, err), err);
    if (status == SOUK_OK)
        status = count_all(comm, d, totals, err);
    if (status == SOUK_OK && totals->rows == 0)
        status = souk_fail(err, SOUK_EFORMAT, "%s has no row", name);
    if (status == SOUK_OK)
        status = sum_labels_all(comm, d, totals, err);
    double ends[2] = {label_sign_max(d, -1), label_sign_max(d, 1)};
    if (status == SOUK_OK)
        status = souk_max_f64_all(comm, ends, 2, err);
    totals->label_min = -ends[0];
    totals->label_max = ends[1];
    return status;
}

void souk_rankdata_keys(const struct souk_rankdata *d, const struct souk_rankdata_totals *totals,
                        uint64_t seed, uint64_t *key)
{
    for (int64_t g = 0; g < d->groups; g++) {
        const uint64_t number = (uint64_t)souk_rankdata_number(d, totals, g);
        const int64_t start = d->group_start[g];
        for (int64_t r = start; r < d->group_start[g + 1]; r++)
            key[r] = souk_random_bits(seed, number, (uint64_t)(r - start));
    }
}
