/** @file
 *  Gradient boosting: a forest from labelled query groups, on any number of ranks.
 *
 *      scores -> derivatives of the loss -> tree -> leaf values -> scores        (Friedman 2001)
 *
 *  With exact histograms the forest has the same bits whatever the ranks, and whichever rank
 * holds which group. This is what `souk-train ranker` runs, and what a stage with its rows in
 * memory calls.
 */
#ifndef SOUK_RANKER_BOOSTING_H
#define SOUK_RANKER_BOOSTING_H

#include "shared/score/forest.h"
#include "train/ranker/grower.h"
#include "train/ranker/rankobjective.h"

struct souk_boosting_params {
    struct souk_rankobjective objective;
    int trees;
    double learning_rate;
    struct souk_grower_rules growing;
    struct souk_binning_rules binning;
    double row_share, column_share; /**< of rows and of columns that a tree sees, in (0, 1] */
    int stop_after; /**< trees without a better metric on the valid set; 0: never stop early */
    int eval_every; /**< measure the valid set after so many trees; 0: at the end only */
    int ndcg_at;
    bool exact; /**< histograms of integers; false: of rounded doubles, differing by ranks */
    bool quiet; /**< no progress bar */
    uint64_t seed;
};

/** What a run tells about itself. */
struct souk_boosting_report {
    double bin_seconds, train_seconds; /**< of this rank */
    double valid_metric;               /**< of the forest returned; NAN without a valid set */
    const char *metric;                /**< "ndcg@10", "rmse", "logloss": static text or `name` */
    char name[24];
    int best_tree; /**< trees kept */
    int64_t columns, bins;
};

/** LightGBM's defaults where it has them: 100 trees, rate .1, 31 leaves, 20 rows and a Hessian of
 *  1e-3 in a leaf, 255 bins from 200,000 rows; lambdarank, NDCG@10, exact. */
struct souk_boosting_params souk_boosting_defaults(void);

/** @return SOUK_OK, SOUK_EUSAGE (a parameter out of its range, by the option's name) */
souk_status souk_boosting_check(const struct souk_boosting_params *p,
                                struct souk_error *err) SOUK_MUST_CHECK;

/** Collective; all ranks pass the same parameters.
 *  @param train borrowed; @param valid of as many features, borrowed, or NULL
 *  @param forest free with souk_forest_fini(); empty on failure; the same on every rank
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_EFORMAT (rows that cannot be trained on), SOUK_ENOMEM,
 *          SOUK_ENUMERIC, SOUK_ECOMM */
souk_status souk_ranker_train_all(const struct souk_comm *comm, const struct souk_rankdata *train,
                                  const struct souk_rankdata *valid,
                                  const struct souk_boosting_params *params,
                                  struct souk_forest *forest, struct souk_boosting_report *report,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
