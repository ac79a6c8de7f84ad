/** @file
 *  Sums of gradients, Hessians and rows by bin, of the rows of one leaf.
 *
 *  Gradients are rounded to small integers, at a scale that all ranks share (gradients.h), and
 *  travel with their Hessian and a count of 1 in one word, so that a row costs one addition per
 *  column:
 *
 *      63            38 37          13 12        0
 *      | gradient, signed | Hessian   | rows     |       8191 rows of up to 4095 each fit
 *
 *  Words are unpacked into doubles before a field can overflow. The doubles hold whole numbers
 *  below 2^53: sums, differences and MPI's reductions are exact, hence the same in any order.
 *  A small set has doubles from the start: whole numbers at a scale as fine as 2^53 allows (wide),
 * so that nothing is left to chance; or any doubles, whose sums are rounded (float).
 */
#ifndef SOUK_RANKER_HISTOGRAM_H
#define SOUK_RANKER_HISTOGRAM_H

#include "train/ranker/binmatrix.h"

enum {
    SOUK_PACKED_MAX = 4095,      /**< of |gradient| and of Hessian in a word */
    SOUK_PACKED_ROWS_MAX = 8191, /**< that may be added up in a word */
    SOUK_PACKED_HESSIAN_SHIFT = 13,
    SOUK_PACKED_GRADIENT_SHIFT = 38
};

/** What a row's gradient and Hessian are when they are added up. */
enum souk_histogram_kind {
    SOUK_HISTOGRAM_AUTO,   /**< wide for up to SOUK_HISTOGRAM_WIDE_ROWS rows, else packed */
    SOUK_HISTOGRAM_PACKED, /**< small integers, rounded by chance: three times as fast as doubles */
    SOUK_HISTOGRAM_WIDE,   /**< large integers, rounded to the nearest, in doubles */
    SOUK_HISTOGRAM_FLOAT   /**< doubles as they are: sums depend on the ranks */
};
enum { SOUK_HISTOGRAM_WIDE_ROWS = 50000 };

/** One bin. MPI sees it as three doubles. */
struct souk_histbin {
    double gradient, hessian, rows;
};
enum { SOUK_HISTBIN_DOUBLES = 3 };

/** Derivatives of a rank's rows, in one of two forms. */
struct souk_gradients {
    int64_t *packed;                    /**< [rows], or NULL: not packed, then ... */
    double *plain;                      /**< [rows x 2], gradient and Hessian; NULL where packed */
    double gradient_unit, hessian_unit; /**< what 1 in a histogram is worth */
};

/** Room for one histogram at work. */
struct souk_histwork {
    int64_t *sum;    /**< [bins], packed */
    uint64_t *tile;  /**< [tiles x chunk] */
    int64_t *packed; /**< [chunk] */
};

static inline int64_t souk_packed(int gradient, int hessian)
{
    return (int64_t)gradient * (INT64_C(1) << SOUK_PACKED_GRADIENT_SHIFT) +
           (int64_t)hessian * (INT64_C(1) << SOUK_PACKED_HESSIAN_SHIFT) + 1;
}

/** @param work free with souk_histwork_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_histwork_init(struct souk_histwork *work, const struct souk_binning *binning,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_histwork_fini(struct souk_histwork *work);

/** The histogram of some rows.
 *  @param row [n], local rows, ascending
 *  @param out [binning->first_bin[columns]], overwritten */
void souk_histogram_make(struct souk_histwork *work, const struct souk_binning *binning,
                         const struct souk_binmatrix *matrix, const struct souk_gradients *g,
                         const int32_t *row, int64_t n, struct souk_histbin *out);

/** The same in plain C, bin by bin: the oracle of its tests. */
void souk_histogram_reference(const struct souk_binning *binning,
                              const struct souk_binmatrix *matrix, const struct souk_gradients *g,
                              const int32_t *row, int64_t n, struct souk_histbin *out);

/** parent - child, into `parent`. @param bins entries of both */
void souk_histogram_subtract(struct souk_histbin *parent, const struct souk_histbin *child,
                             int64_t bins);

#endif
