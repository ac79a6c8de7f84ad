/** @file
 *  What a ranker's trees made of each feature, most important first.
 */
#ifndef SOUK_EVALUATE_FEATUREIMPORTANCE_H
#define SOUK_EVALUATE_FEATUREIMPORTANCE_H

#include "shared/score/forest.h"

struct souk_feature_importance {
    int count;
    char **name;
    double *gain;   /**< [count], share of all gain, descending */
    double *splits; /**< [count], share of all splits */
    double *drop;   /**< [count], of NDCG when its values are exchanged; NULL: not tried */
};

/** @param drop [features of the forest], NULL: not tried
 *  @param out of the features that split at all; empty with souk_feature_importance_fini()
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_feature_importance_of(const struct souk_forest *forest, const double *drop,
                                       struct souk_feature_importance *out,
                                       struct souk_error *err) SOUK_MUST_CHECK;
void souk_feature_importance_fini(struct souk_feature_importance *f);

#endif
