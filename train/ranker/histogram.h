/** @file
 *  Sums of gradients and Hessians by bin, of the rows of one leaf.
 *
 *  A row's pair of numbers is added to its bin of every column, as one vector of two doubles. The
 *  numbers are whole, at a scale that all ranks share (gradients.h), and all sums stay below 2^53:
 *  sums, differences and MPI's reductions are exact, hence the same in any order. Rounded sums,
 *  where they are asked for, use the same arrays with any doubles in them.
 *
 *  Rows are not counted: a leaf's rows are dealt among its bins by their Hessians where a bound on
 *  rows needs it (split.h), as in LightGBM.
 */
#ifndef SOUK_RANKER_HISTOGRAM_H
#define SOUK_RANKER_HISTOGRAM_H

#include "train/ranker/binmatrix.h"

/** One bin, or one row. MPI sees it as two doubles. */
struct souk_histbin {
    double gradient, hessian;
};
enum { SOUK_HISTBIN_DOUBLES = 2 };

/** Derivatives of a rank's rows. */
struct souk_gradients {
    struct souk_histbin *pair;          /**< [rows], aligned to its size */
    double gradient_unit, hessian_unit; /**< what 1 in a histogram is worth */
};

/** Room for a chunk of rows at work. */
struct souk_histwork {
    uint64_t *tile;            /**< [tiles x chunk], bins of eight columns */
    struct souk_histbin *pair; /**< [chunk] */
};

/** @param work free with souk_histwork_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_histwork_init(struct souk_histwork *work, const struct souk_binning *binning,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_histwork_fini(struct souk_histwork *work);

/** The histogram of some rows.
 *  @param first [columns + 1], entry of each column's bin 0, and the number of all entries; others
 *         than the bins' become 0
 *  @param row   [n], local rows, ascending
 *  @param out   [first[columns]], aligned to the size of one; overwritten */
void souk_histogram_make(struct souk_histwork *work, const int64_t *first,
                         const struct souk_binmatrix *matrix, const struct souk_gradients *g,
                         const int32_t *row, int64_t n, struct souk_histbin *out);

/** The same in plain C, column by column: the oracle of its tests. */
void souk_histogram_reference(const int64_t *first, const struct souk_binmatrix *matrix,
                              const struct souk_gradients *g, const int32_t *row, int64_t n,
                              struct souk_histbin *out);

/** parent - child, into `parent`. @param bins entries of both */
void souk_histogram_subtract(struct souk_histbin *parent, const struct souk_histbin *child,
                             int64_t bins);

#endif
