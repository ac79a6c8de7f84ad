/** @file
 *  Rows to train a ranker on: query groups of labelled documents, whole groups on one rank.
 *
 *      value [rows x features]     NaN: missing      group g: rows group_start[g] ..
 *      label [rows]                                           group_start[g + 1] - 1
 *
 *  Everything random about a row is a function of (seed, number of its group, its place in the
 *  group), and every sum over rows is exact: a model does not depend on which rank holds which
 *  group.
 */
#ifndef SOUK_RANKER_RANKDATA_H
#define SOUK_RANKER_RANKDATA_H

#include "train/comm/comm.h"

struct souk_rankdata {
    int features;
    int64_t rows, groups;  /**< of this rank; rows <= INT32_MAX */
    int64_t *group_start;  /**< [groups + 1], from 0 */
    int64_t *group_number; /**< [groups], global and unique; NULL: in the order of ranks */
    float *label;          /**< [rows] */
    float *value;          /**< [rows x features] */
    char **feature_name;   /**< [features]; NULL: Column_0, Column_1, ... */
    bool *categorical;     /**< [features]: whole codes from 0, negative is missing; NULL: none */
};

/** What all ranks hold together. */
struct souk_rankdata_totals {
    int64_t rows, groups;
    int64_t first_group; /**< number of this rank's first group in the order of ranks */
    int64_t largest_group;
    double label_sum, label_min, label_max;
};

/** Room for rows whose groups and labels the caller fills in. Not collective.
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT (rows of one rank); zeroed on failure */
souk_status souk_rankdata_init(struct souk_rankdata *d, int64_t rows, int64_t groups, int features,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_rankdata_fini(struct souk_rankdata *d);

/** Collective. Sums over all ranks; refuses what cannot be trained on.
 *  @param name stands in messages
 *  @return SOUK_OK, SOUK_EFORMAT (no row, features that differ by rank, a label or a value that is
 *          infinite), SOUK_ECOMM; the same on every rank */
souk_status souk_rankdata_totals_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                     const char *name, struct souk_rankdata_totals *totals,
                                     struct souk_error *err) SOUK_MUST_CHECK;

/** The global number of a local group. */
static inline int64_t souk_rankdata_number(const struct souk_rankdata *d,
                                           const struct souk_rankdata_totals *totals, int64_t group)
{
    return d->group_number ? d->group_number[group] : totals->first_group + group;
}

/** 64 random bits of every row, for this purpose. @param key [rows], written */
void souk_rankdata_keys(const struct souk_rankdata *d, const struct souk_rankdata_totals *totals,
                        uint64_t seed, uint64_t *key);

#endif
