/** @file
 *  Forests and rows made up at random, for tests and benchmarks: numeric and categorical splits,
 *  every kind of missing value, thresholds that rows hit exactly.
 */
#ifndef SOUK_TESTS_RANDOM_FOREST_H
#define SOUK_TESTS_RANDOM_FOREST_H

#include "shared/score/forest.h"

struct souk_random_forest {
    uint64_t seed;
    int features, trees;
    int leaves;         /**< of every tree */
    int thresholds;     /**< distinct values of a threshold, a feature; rows take them too */
    double categorical; /**< share of categorical features (the first ones) */
    double missing;     /**< share of missing values in rows */
};

/** A forest that souk_forest_append() has checked; counts are those of a random training set.
 *  @return SOUK_OK, or what building it returned */
souk_status souk_random_forest_make(const struct souk_random_forest *r, struct souk_forest *f,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** One row. @param out [features] */
void souk_random_forest_row(const struct souk_random_forest *r, uint64_t number, double *out);

#endif
