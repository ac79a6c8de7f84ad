/** @file
 *  How much a model relies on each feature: what its metric loses when that feature's values are
 *  exchanged between rows (Breiman 2001, "Random forests", section 10).
 *
 *  The exchange is a function of (seed, feature, repeat) and the table: the figures do not depend
 *  on ranks. What a model gains from a feature in training is souk_forest_importance()'s.
 */
#ifndef SOUK_RANKER_IMPORTANCE_H
#define SOUK_RANKER_IMPORTANCE_H

#include "shared/score/forest.h"
#include "train/ranker/rankdata.h"
#include "train/ranker/rankobjective.h"

#include <stdio.h>

struct souk_importance_options {
    int k;       /**< of NDCG@k */
    int repeats; /**< permutations that are averaged, >= 1 */
    uint64_t seed;
};

/** Collective. The drop of NDCG@k (for rmse and logistic the rise of the loss) by feature. Features
 *  that no tree splits have 0 without being tried.
 *  @param data   of this rank; a feature's column changes while it is tried, and is then put back
 *  @param metric of the rows as they are
 *  @param drop   [forest->features], written: may be below 0 by chance
 *  @return SOUK_OK, SOUK_EINVAL (features of the table and the forest differ), SOUK_ENOMEM,
 *          SOUK_ENUMERIC, SOUK_ECOMM; the same on every rank */
souk_status souk_importance_all(const struct souk_comm *comm, const struct souk_forest *forest,
                                struct souk_rankdata *data,
                                const struct souk_rankdata_totals *totals,
                                const struct souk_rankobjective *objective,
                                const struct souk_importance_options *options, double *metric,
                                double *drop, struct souk_error *err) SOUK_MUST_CHECK;

/** A table of all features by gain: name, gain and its share, splits, drop.
 *  @param drop [forest->features], or NULL: no such column
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_EIO */
souk_status souk_importance_print(FILE *out, const struct souk_forest *forest, const double *drop,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
