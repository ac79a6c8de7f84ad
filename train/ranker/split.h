/** @file
 *  The best split of a leaf, from the histograms of some columns.
 *
 *      score(G, H) = T(G)^2 / (H + l2)      T(G) = sign(G) max(|G| - l1, 0)
 *      gain        = score(left) + score(right) - score(leaf) - min_gain
 *
 *  (Friedman 2001; Chen and Guestrin 2016). Rows with a missing value go to the side where they
 *  gain more; where the leaf has none, missing values will go to the side with more rows.
 *  Categories: each against the rest where they are few; else sorted by G / (H + smoothing), which
 *  makes the best of all subsets a prefix (Fisher 1958), from both ends.
 *
 *  Bounds on rows hold for estimates, bin by bin and rounded: the leaf's rows, dealt by Hessian.
 *  Equal gains: the lower column, then missing values left, then the higher bin. Both as LightGBM
 *  has it, whose trees these are.
 */
#ifndef SOUK_RANKER_SPLIT_H
#define SOUK_RANKER_SPLIT_H

#include "train/ranker/histogram.h"

struct souk_split_rules {
    double l1, l2;             /**< >= 0 */
    double min_gain;           /**< >= 0 */
    double min_hessian;        /**< of a leaf */
    int64_t min_rows;          /**< of a leaf, >= 1; estimated */
    double category_smooth;    /**< added to the Hessian of a category when they are sorted */
    double category_l2;        /**< added to l2 for sorted categories */
    int64_t category_min_rows; /**< rows that a category adds to a split at least, on average */
    int category_most;         /**< categories on the smaller side of a sorted split */
    int category_one;          /**< up to so many categories: each against the rest */
};

/** Sums of a leaf, or of one side of a split. */
struct souk_leafsum {
    double gradient, hessian; /**< in units of the histogram */
    double rows;              /**< of a leaf: counted; of a side: estimated */
};

enum { SOUK_SPLIT_WORDS = (SOUK_BINS_MAX + 1) / 64 };

/** A split, for MPI a piece of memory: no pointer inside. */
struct souk_split {
    double gain;    /**< > 0 where there is a split; else 0 */
    int32_t column; /**< -1: none */
    int32_t bin;    /**< numeric: bins up to this go left; categorical: the first one that does */
    int32_t missing_left;
    int32_t categorical;
    struct souk_leafsum left;
    uint64_t goes_left[SOUK_SPLIT_WORDS]; /**< a bit for each bin, the missing one too */
};

static inline bool souk_split_goes_left(const struct souk_split *s, int bin)
{
    return s->goes_left[bin / 64] >> (bin % 64) & 1;
}

/** T(G). */
double souk_split_soft(double gradient, double l1);

/** The better of two splits, by gain and the order above. */
bool souk_split_better(const struct souk_split *a, const struct souk_split *b);

/** The best split over columns [first, end).
 *  @param histogram of these columns: its entry 0 is bin 0 of column `first`
 *  @param leaf      sums of the leaf
 *  @param allowed   [columns], or NULL: all */
struct souk_split souk_split_find(const struct souk_binning *binning, int first, int end,
                                  const struct souk_histbin *histogram,
                                  const struct souk_leafsum *leaf,
                                  const struct souk_gradients *units, const bool *allowed,
                                  const struct souk_split_rules *rules);

#endif
