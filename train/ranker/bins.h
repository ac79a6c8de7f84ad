/** @file
 *  How each feature's values fall into at most 255 bins, and one more for missing values.
 *
 *      numeric      x <= bound[0] | x <= bound[1] | ... | x <= bound[count - 1] = inf | missing
 *                      bin 0           bin 1               bin count - 1                bin count
 *
 *      categorical  code bound[0] | code bound[1] | ...               | any other code, missing
 *                      bin 0           bin 1          most frequent first      bin count
 *
 *  Bounds are halfway between two values of the sample. They come from sorted distinct values with
 *  their counts, so they depend on the sample alone, not on its order.
 */
#ifndef SOUK_RANKER_BINS_H
#define SOUK_RANKER_BINS_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_BINS_MAX = 255,             /**< without the one for missing values */
    SOUK_BINS_CATEGORY_MAX = 1 << 20 /**< codes are below: a split holds a bit for each */
};

struct souk_bins {
    int count; /**< 0: no value at all; 1 and nothing missing: the feature is constant */
    bool categorical;
    bool missing;                   /**< some row of training has no value */
    float bound[SOUK_BINS_MAX + 1]; /**< [count]: largest float of each bin; or its code */
    double split_at[SOUK_BINS_MAX]; /**< [count - 1], numeric: the threshold behind each bin */
    double low, high;               /**< of the sample; 0 where it is empty */
};

/** Bins from the values of a sample that are not missing.
 *  @param value [n], finite; sorted here in place
 *  @param min_rows rows of the sample that a bin should have, >= 1
 *  @return SOUK_OK, SOUK_EFORMAT (categories: a fraction, or a code that is too large) */
souk_status souk_bins_find(struct souk_bins *bins, float *value, int64_t n, bool categorical,
                           int max_bins, int64_t min_rows, struct souk_error *err) SOUK_MUST_CHECK;

/** The bin of a value; NaN is missing. */
int souk_bins_of(const struct souk_bins *bins, float value);

/** The bins of n values, `stride` apart.
 *  @param bin [n], written */
void souk_bins_fill(const struct souk_bins *bins, const float *value, int64_t stride, int n,
                    uint8_t *bin);

/** Sort by value: -0 before 0. @param spare [n] */
void souk_bins_sort(float *value, float *spare, int64_t n);

#endif
