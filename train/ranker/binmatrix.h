/** @file
 *  The bins of a rank's rows, twice: by row for histograms, by column to send rows left and right.
 *
 *      by_row    [rows x stride]      one row's bins lie together: a cache line for 64 features
 *      by_column [columns x rows]     (training only)
 *
 *  A column is a feature that can split: one that is constant over all rows has none. Histograms
 *  of all columns lie one behind the other: column c has entries first_bin[c] .. first_bin[c + 1]
 *  - 1, the last of them for missing values.
 */
#ifndef SOUK_RANKER_BINMATRIX_H
#define SOUK_RANKER_BINMATRIX_H

#include "train/ranker/bins.h"
#include "train/ranker/rankdata.h"

enum { SOUK_TILE_COLUMNS = 8 }; /**< the stride is a multiple of it */

/** Bins of all features; the same on every rank. */
struct souk_binning {
    int features, columns;
    struct souk_bins *bins; /**< [features] */
    int *feature;           /**< [columns], ascending */
    int64_t *first_bin;     /**< [columns + 1], fewer than INT32_MAX in all */
};

struct souk_binning_rules {
    int max_bins;        /**< 2 to SOUK_BINS_MAX */
    int64_t min_rows;    /**< of the sample, in a bin */
    int64_t sample_rows; /**< of all ranks, about */
    uint64_t seed;
};

struct souk_binmatrix {
    int64_t rows;
    int columns, stride;
    uint8_t *by_row;
    uint8_t *by_column; /**< NULL where not asked for */
};

/** Collective. Bins from a sample of rows, each in it by its own hash.
 *  @param binning free with souk_binning_fini(), also after a failure
 *  @return SOUK_OK, SOUK_EFORMAT (categories), SOUK_ENOMEM, SOUK_ECOMM */
souk_status souk_binning_find_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                  const struct souk_rankdata_totals *totals,
                                  const struct souk_binning_rules *rules,
                                  struct souk_binning *binning,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_binning_fini(struct souk_binning *binning);

/** Not collective. @param with_columns also make by_column
 *  @param matrix free with souk_binmatrix_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_binmatrix_init(struct souk_binmatrix *matrix, const struct souk_binning *binning,
                                const struct souk_rankdata *d, bool with_columns,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_binmatrix_fini(struct souk_binmatrix *matrix);

#endif
