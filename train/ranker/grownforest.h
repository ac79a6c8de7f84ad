/** @file
 *  From grown trees, which know bins, to a forest, which knows values and names.
 */
#ifndef SOUK_RANKER_GROWNFOREST_H
#define SOUK_RANKER_GROWNFOREST_H

#include "shared/score/forest.h"
#include "train/ranker/grower.h"

/** An empty forest with the names and value ranges of the features.
 *  @param forest free with souk_forest_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_EINVAL (a feature's name) */
souk_status souk_grownforest_init(struct souk_forest *forest, const struct souk_rankdata *d,
                                  const struct souk_binning *binning, const char *objective,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Append a tree.
 *  @param value [leaves], of each leaf, rate applied
 *  @param sum   [leaves][2], gradient and Hessian
 *  @param rate  l2 and l1 are those of `rules`: they give inner nodes their values
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_EFORMAT */
souk_status souk_grownforest_append(struct souk_forest *forest, const struct souk_growntree *tree,
                                    const struct souk_binning *binning,
                                    const struct souk_split_rules *rules, const double *value,
                                    double (*sum)[2], double rate,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** -T(G) / (H + l2). */
double souk_grownforest_leaf_value(const struct souk_split_rules *rules, const double sum[2]);

#endif
