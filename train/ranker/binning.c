/* Bins of all features: a sample goes to the ranks that find them, bins come back to all. */
#include "train/ranker/binmatrix.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A value of the sample on its way to the rank that bins its feature. */
struct sampled {
    int32_t feature;
    float value;
};

/* Features are dealt in blocks, the same on every rank. */
static int first_feature(const struct souk_comm *comm, int features, int rank)
{
    return (int)((int64_t)features * rank / comm->size);
}

/* The rows of this rank that are in the sample: their number, and them in `row`. */
static int64_t pick_rows(const uint64_t *key, int64_t rows, double share, int32_t *row)
{
    int64_t picked = 0;
    for (int64_t r = 0; r < rows; r++)
        if ((double)(key[r] >> 11) * 0x1p-53 < share)
            row[picked++] = (int32_t)r;
    return picked;
}

/* Values feature by feature, without the missing ones, which need no bin of a sample. */
static int64_t pack_values(const struct souk_rankdata *d, const int32_t *row, int64_t picked,
                           int first, int end, struct sampled *out)
{
    int64_t n = 0;
    for (int f = first; f < end; f++)
        for (int64_t i = 0; i < picked; i++) {
            const float value = d->value[row[i] * (int64_t)d->features + f];
            if (!isnan(value))
                out[n++] = (struct sampled){f, value};
        }
    return n;
}

static void mark_missing(const struct souk_rankdata *d, int64_t *missing)
{
    for (int64_t r = 0; r < d->rows; r++)
        for (int f = 0; f < d->features; f++)
            missing[f] |= isnan(d->value[r * d->features + f]) != 0;
}

/* Find the bins of the features that this rank was sent. */
static souk_status find_mine(struct souk_binning *b, const struct souk_rankdata *d,
                             const struct souk_binning_rules *rules, const struct sampled *sample,
                             int64_t n, int first, int end, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    int64_t *start = souk_zalloc_array((size_t)(end - first) + 2, sizeof *start);
    float *value = souk_alloc_array((size_t)n, sizeof *value);
    if (!start || !value) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a sample of %" PRId64 " values", n);
        goto out;
    }
    for (int64_t i = 0; i < n; i++)
        start[sample[i].feature - first + 2]++;
    for (int f = 2; f <= end - first + 1; f++)
        start[f] += start[f - 1];
    for (int64_t i = 0; i < n; i++)
        value[start[sample[i].feature - first + 1]++] = sample[i].value;
    for (int f = first; status == SOUK_OK && f < end; f++) {
        const int64_t from = start[f - first], to = start[f - first + 1];
        const bool categorical = d->categorical && d->categorical[f];
        status = souk_bins_find(&b->bins[f], value + from, to - from, categorical, rules->max_bins,
                                rules->min_rows, err);
        if (status)
            status = souk_error_prefix(err, status, "feature %d", f);
    }
out:
    free(start);
    free(value);
    return status;
}

static souk_status exchange_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                const int32_t *row, int64_t picked, struct sampled **received,
                                int64_t *n, struct souk_error *err)
{
    size_t values;
    struct sampled *send = NULL;
    int64_t *counts = souk_zalloc_array(2 * (size_t)comm->size, sizeof *counts), sent = 0;
    if (souk_mul_size((size_t)picked, (size_t)d->features, &values))
        send = souk_alloc_array(values, sizeof *send);
    souk_status status = SOUK_OK;
    if (!counts || !send)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a sample of %" PRId64 " rows", picked);
    status = souk_status_agree_all(comm, status, err);
    for (int r = 0; status == SOUK_OK && r < comm->size; r++) {
        counts[r] = pack_values(d, row, picked, first_feature(comm, d->features, r),
                                first_feature(comm, d->features, r + 1), send + sent);
        sent += counts[r];
    }
    if (status == SOUK_OK)
        status = souk_exchange_all(comm, send, counts, sizeof *send, (void **)received,
                                   counts + comm->size, err);
    *n = 0;
    for (int r = 0; status == SOUK_OK && r < comm->size; r++)
        *n += counts[comm->size + r];
    free(send);
    free(counts);
    return status;
}

/* Every rank's own bins, on every rank. */
static souk_status share_all(const struct souk_comm *comm, struct souk_binning *b, int64_t *missing,
                             struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int r = 0; status == SOUK_OK && r < comm->size; r++) {
        const int first = first_feature(comm, b->features, r);
        const int end = first_feature(comm, b->features, r + 1);
        status = souk_broadcast_all(comm, b->bins + first, (end - first) * (int64_t)sizeof *b->bins,
                                    r, err);
    }
    if (status == SOUK_OK)
        status = souk_max_i64_all(comm, missing, b->features, err);
    for (int f = 0; status == SOUK_OK && f < b->features; f++)
        b->bins[f].missing = missing[f] != 0;
    return status;
}

static souk_status number_columns(struct souk_binning *b, struct souk_error *err)
{
    b->columns = 0;
    b->first_bin[0] = 0;
    for (int f = 0; f < b->features; f++) {
        const struct souk_bins *bins = &b->bins[f];
        const bool constant = bins->count + (bins->missing || bins->categorical) < 2;
        if (constant || bins->count == 0)
            continue;
        b->feature[b->columns] = f;
        b->first_bin[b->columns + 1] = b->first_bin[b->columns] + bins->count + 1;
        b->columns++;
    }
    if (b->first_bin[b->columns] > INT32_MAX / 4)
        return souk_fail(err, SOUK_ELIMIT, "%" PRId64 " bins in all: use fewer features or --bins",
                         b->first_bin[b->columns]);
    return SOUK_OK;
}

static souk_status allocate(struct souk_binning *b, int features, struct souk_error *err)
{
    const size_t n = (size_t)features;
    *b = (struct souk_binning){.features = features};
    b->bins = souk_zalloc_array(n, sizeof *b->bins);
    b->feature = souk_zalloc_array(n, sizeof *b->feature);
    b->first_bin = souk_zalloc_array(n + 1, sizeof *b->first_bin);
    if (b->bins && b->feature && b->first_bin)
        return SOUK_OK;
    return souk_fail(err, SOUK_ENOMEM, "no memory for the bins of %d features", features);
}

souk_status souk_binning_find_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                  const struct souk_rankdata_totals *totals,
                                  const struct souk_binning_rules *rules,
                                  struct souk_binning *binning, struct souk_error *err)
{
    struct sampled *sample = NULL;
    int64_t n = 0;
    const int first = first_feature(comm, d->features, comm->rank);
    const int end = first_feature(comm, d->features, comm->rank + 1);
    uint64_t *key = souk_alloc_array((size_t)d->rows, sizeof *key);
    int32_t *row = souk_alloc_array((size_t)d->rows, sizeof *row);
    int64_t *missing = souk_zalloc_array((size_t)d->features, sizeof *missing);
    souk_status status = allocate(binning, d->features, err);
    if (status == SOUK_OK && (!key || !row || !missing))
        status = souk_fail(err, SOUK_ENOMEM, "no memory to sample %" PRId64 " rows", d->rows);
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    souk_rankdata_keys(d, totals, rules->seed, key);
    mark_missing(d, missing);
    const double share = (double)rules->sample_rows / (double)totals->rows;
    status = exchange_all(comm, d, row, pick_rows(key, d->rows, share, row), &sample, &n, err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(
            comm, find_mine(binning, d, rules, sample, n, first, end, err), err);
    if (status == SOUK_OK)
        status = share_all(comm, binning, missing, err);
    if (status == SOUK_OK)
        status = number_columns(binning, err);
out:
    free(key);
    free(row);
    free(missing);
    free(sample);
    return status;
}

void souk_binning_fini(struct souk_binning *binning)
{
    free(binning->bins);
    free(binning->feature);
    free(binning->first_bin);
    *binning = (struct souk_binning){0};
}
