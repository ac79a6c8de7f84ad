#include "train/ranker/bins.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bounds of the bin of zero, far below what any feature measures. */
static const float nearly_zero = 1e-35f;

/* A distinct value of the sample and how often it is there. */
struct tally {
    float value;
    int64_t rows;
};

/* Floats in the order of their values: flip all bits of a negative one, the sign of the others. */
static uint32_t order_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

void souk_bins_sort(float *value, float *spare, int64_t n)
{
    enum { DIGIT = 8, PASSES = 32 / DIGIT, BUCKETS = 1 << DIGIT };
    float *from = value, *to = spare;
    for (int pass = 0; pass < PASSES; pass++) {
        int64_t start[BUCKETS + 1] = {0};
        const int shift = pass * DIGIT;
        for (int64_t i = 0; i < n; i++)
            start[(order_of(from[i]) >> shift & (BUCKETS - 1)) + 1]++;
        for (int b = 0; b < BUCKETS; b++)
            start[b + 1] += start[b];
        for (int64_t i = 0; i < n; i++)
            to[start[order_of(from[i]) >> shift & (BUCKETS - 1)]++] = from[i];
        float *const swap = from;
        from = to;
        to = swap;
    }
}

static int64_t tally_sorted(const float *value, int64_t n, struct tally *tally)
{
    int64_t distinct = 0;
    for (int64_t i = 0; i < n; i++) {
        if (distinct == 0 || tally[distinct - 1].value != value[i])
            tally[distinct++] = (struct tally){value[i], 0};
        tally[distinct - 1].rows++;
    }
    return distinct;
}

/* End the open bin between two values of the sample. */
static void close_bin(struct souk_bins *bins, float last, float next)
{
    const double middle = ((double)last + (double)next) / 2;
    float below = (float)middle;
    if ((double)below > middle)
        below = nextafterf(below, -INFINITY);
    bins->split_at[bins->count] = middle;
    bins->bound[bins->count++] = below;
}

/* Values of one range, ascending, that share a number of bins. */
struct range {
    const struct tally *tally;
    int64_t distinct, rows;
    int bins;
};

/* As many values as bins: each has its own, but for rare ones, which join the next. */
static void bin_few(struct souk_bins *bins, const struct range *r, int64_t min_rows)
{
    int64_t rows = 0;
    for (int64_t i = 0; i + 1 < r->distinct; i++) {
        rows += r->tally[i].rows;
        if (rows < min_rows)
            continue;
        close_bin(bins, r->tally[i].value, r->tally[i + 1].value);
        rows = 0;
    }
}

/* Bins of about equal rows, after values with more rows than a bin's share got bins of their own:
 * they would leave the shares of the others uneven. A bin that is half full ends rather than
 * swallow such a value (the rule of LightGBM). */
static void bin_many(struct souk_bins *bins, const struct range *r)
{
    const struct tally *tally = r->tally;
    const double share = (double)r->rows / r->bins;
    const int last = bins->count + r->bins - 1;
    int64_t rest_rows = r->rows, open = 0;
    int rest_bins = r->bins;
    for (int64_t i = 0; i < r->distinct; i++) {
        if ((double)tally[i].rows < share)
            continue;
        rest_rows -= tally[i].rows;
        rest_bins--;
    }
    double goal = rest_bins > 0 ? (double)rest_rows / rest_bins : (double)r->rows;
    for (int64_t i = 0; i + 1 < r->distinct && bins->count < last; i++) {
        const bool large = (double)tally[i].rows >= share;
        const bool before_large = (double)tally[i + 1].rows >= share;
        rest_rows -= large ? 0 : tally[i].rows;
        open += tally[i].rows;
        if (!large && (double)open < goal && !(before_large && (double)open >= goal / 2))
            continue;
        close_bin(bins, tally[i].value, tally[i + 1].value);
        open = 0;
        if (!large && --rest_bins > 0)
            goal = (double)rest_rows / rest_bins;
    }
}

static void bin_range(struct souk_bins *bins, struct range r, int64_t min_rows)
{
    const int64_t most = r.rows / min_rows > 1 ? r.rows / min_rows : 1;
    if (r.distinct <= r.bins) {
        bin_few(bins, &r, min_rows);
        return;
    }
    r.bins = most < r.bins ? (int)most : r.bins;
    bin_many(bins, &r);
}

/* End the open bin right below zero, or right above. */
static void close_at_zero(struct souk_bins *bins, double side)
{
    bins->split_at[bins->count] = side * (double)nearly_zero;
    bins->bound[bins->count++] = (float)side * nearly_zero;
}

/* Zero often says that there is nothing: it has a bin of its own, and the values on its two sides
 * share the others by their rows (the rule of LightGBM). */
static void bin_around_zero(struct souk_bins *bins, const struct range *all, int64_t zero,
                            int64_t min_rows)
{
    struct range below = {.tally = all->tally, .distinct = zero};
    struct range above = {.tally = all->tally + zero + 1, .distinct = all->distinct - zero - 1};
    for (int64_t i = 0; i < below.distinct; i++)
        below.rows += below.tally[i].rows;
    above.rows = all->rows - below.rows - all->tally[zero].rows;
    if (below.distinct > 0) {
        const double share = (double)below.rows / (double)(below.rows + above.rows);
        below.bins = (int)fmax(1, share * (all->bins - 1));
        bin_range(bins, below, min_rows);
        close_at_zero(bins, -1);
    }
    above.bins = all->bins - 1 - bins->count;
    if (above.distinct > 0 && above.bins > 0) {
        close_at_zero(bins, 1);
        bin_range(bins, above, min_rows);
    }
}

static void find_numeric(struct souk_bins *bins, const struct range *all, int64_t min_rows)
{
    if (all->distinct == 0)
        return;
    int64_t zero = 0;
    bins->low = (double)all->tally[0].value;
    bins->high = (double)all->tally[all->distinct - 1].value;
    while (zero < all->distinct && all->tally[zero].value < 0)
        zero++;
    if (zero < all->distinct && all->tally[zero].value == 0)
        bin_around_zero(bins, all, zero, min_rows);
    else
        bin_range(bins, *all, min_rows);
    for (int b = bins->count++; b <= SOUK_BINS_MAX; b++)
        bins->bound[b] = INFINITY; /* also behind the last: souk_bins_of() looks at 256 */
}

static int by_rows_then_code(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    if (x->rows != y->rows)
        return x->rows > y->rows ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

static souk_status find_categories(struct souk_bins *bins, struct tally *tally, int64_t distinct,
                                   int max_bins, int64_t min_rows, struct souk_error *err)
{
    for (int64_t i = 0; i < distinct; i++) {
        const float code = tally[i].value;
        if (code != floorf(code) || code >= (float)SOUK_BINS_CATEGORY_MAX)
            return souk_fail(err, SOUK_EFORMAT,
                             "%g is not a category: whole codes from 0 to %d (negative: missing)",
                             (double)code, SOUK_BINS_CATEGORY_MAX - 1);
    }
    qsort(tally, (size_t)distinct, sizeof *tally, by_rows_then_code);
    for (int64_t i = 0; i < distinct && bins->count < max_bins; i++) {
        const bool frequent = tally[i].rows >= min_rows;
        if (frequent && tally[i].value >= 0)
            bins->bound[bins->count++] = tally[i].value;
    }
    return SOUK_OK;
}

souk_status souk_bins_find(struct souk_bins *bins, float *value, int64_t n, bool categorical,
                           int max_bins, int64_t min_rows, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *bins = (struct souk_bins){.categorical = categorical};
    float *spare = souk_alloc_array((size_t)n, sizeof *spare);
    struct tally *tally = souk_alloc_array((size_t)n, sizeof *tally);
    if (!spare || !tally) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory to sort a sample of values");
        goto out;
    }
    souk_bins_sort(value, spare, n);
    const int64_t distinct = tally_sorted(value, n, tally);
    if (categorical)
        status = find_categories(bins, tally, distinct, max_bins, min_rows, err);
    else
        find_numeric(bins, &(struct range){tally, distinct, n, max_bins}, min_rows);
out:
    free(spare);
    free(tally);
    return status;
}

/* The number of bounds below the value, in eight steps without a branch. */
static int numeric_bin(const struct souk_bins *bins, float value)
{
    int below = 0;
    for (int step = (SOUK_BINS_MAX + 1) / 2; step > 0; step /= 2)
        below += bins->bound[below + step - 1] < value ? step : 0;
    return below;
}

int souk_bins_of(const struct souk_bins *bins, float value)
{
    if (isnan(value) || bins->count == 0)
        return bins->count;
    if (!bins->categorical)
        return numeric_bin(bins, value);
    for (int b = 0; b < bins->count; b++)
        if (bins->bound[b] == value)
            return b;
    return bins->count;
}

/* Numeric values side by side: the steps of one search wait for each other, those of eight do not.
 */
void souk_bins_fill(const struct souk_bins *bins, const float *value, int64_t stride, int n,
                    uint8_t *bin)
{
    enum { SIDE = 8 };
    int i = 0;
    for (; !bins->categorical && i + SIDE <= n; i += SIDE) {
        float x[SIDE];
        int below[SIDE] = {0};
        for (int k = 0; k < SIDE; k++)
            x[k] = value[(i + k) * stride];
        for (int step = (SOUK_BINS_MAX + 1) / 2; step > 0; step /= 2)
            for (int k = 0; k < SIDE; k++)
                below[k] += bins->bound[below[k] + step - 1] < x[k] ? step : 0;
        for (int k = 0; k < SIDE; k++)
            bin[i + k] = (uint8_t)(isnan(x[k]) ? bins->count : below[k]);
    }
    for (; i < n; i++)
        bin[i] = (uint8_t)souk_bins_of(bins, value[i * stride]);
}
