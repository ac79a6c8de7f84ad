/** @file
 *  Leaf values of a tree from the pairs of all query groups of all ranks (leafsystem.h).
 */
#ifndef SOUK_RANKER_PAIRWISELEAVES_H
#define SOUK_RANKER_PAIRWISELEAVES_H

#include "train/ranker/leafsystem.h"
#include "train/ranker/rankdata.h"

struct souk_pairwiseleaves {
    const struct souk_rankobjective *objective;
    const struct souk_rankdata *data;
    const struct souk_rankdata_totals *totals;
    struct souk_leafsystem system;
    struct souk_rankscratch scratch;
    int32_t *leaf; /**< [rows], of each row in the tree at hand: the caller fills it in */
};

/** @param objective, data, totals borrowed; @param leaves of a tree, at most
 *  @param p souk_pairwiseleaves_fini() it, also after a failure; a zeroed one is fine
 *  @return SOUK_OK, SOUK_EUSAGE (too many leaves), SOUK_ENOMEM */
souk_status souk_pairwiseleaves_init(struct souk_pairwiseleaves *p,
                                     const struct souk_rankobjective *objective,
                                     const struct souk_rankdata *data,
                                     const struct souk_rankdata_totals *totals, int leaves,
                                     struct souk_error *err) SOUK_MUST_CHECK;
void souk_pairwiseleaves_fini(struct souk_pairwiseleaves *p);

/** Collective. The same bits on any number of ranks.
 *  @param score [rows], those that the tree's gradients came from; @param iteration likewise
 *  @param lambda >= 0; @param value [leaves], written
 *  @return SOUK_OK, SOUK_ENUMERIC, SOUK_ECOMM; the same on every rank */
souk_status souk_pairwiseleaves_solve_all(struct souk_pairwiseleaves *p,
                                          const struct souk_comm *comm, const double *score,
                                          int64_t iteration, int leaves, double lambda,
                                          double *value, struct souk_error *err) SOUK_MUST_CHECK;

#endif
