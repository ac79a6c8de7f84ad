/** @file
 *  Leaf values of the pairwise form: the Newton step of the pair loss over all leaves at once.
 *
 *      sum over pairs w log(1 + e^-(v_a + s_i - v_b - s_j))      i in leaf a, j in leaf b
 *
 *  Its Hessian by leaf values couples the leaves that pairs join, which -G / (H + lambda) by leaf
 *  ignores: two documents of one leaf then count twice in H and move nothing. Here
 *  (H + lambda I) v = -g is solved as it stands, H [leaves x leaves].
 *
 *  Sums are fixed-point integers: add groups in any order, on any threads and ranks, then add the
 *  `sums` of all and solve: the values have the same bits.
 */
#ifndef SOUK_RANKER_LEAFSYSTEM_H
#define SOUK_RANKER_LEAFSYSTEM_H

#include "train/ranker/rankobjective.h"

enum { SOUK_LEAFSYSTEM_LEAVES_MAX = 4096 }; /**< the solve takes leaves^3 / 3 operations */

struct souk_leafsystem {
    int leaves, max_leaves;
    int shift;     /**< sums are value * 2^shift */
    int64_t *sums; /**< [leaves x (leaves + 1)]: row a is H[a][..], then g[a] */
    double *dense; /**< [leaves x (leaves + 1)], for the solver */
};

/** @param max_leaves >= 1; @param system souk_leafsystem_fini() it, also after a failure
 *  @return SOUK_OK, SOUK_EUSAGE (over SOUK_LEAFSYSTEM_LEAVES_MAX), SOUK_ENOMEM */
souk_status souk_leafsystem_init(struct souk_leafsystem *system, int max_leaves,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_leafsystem_fini(struct souk_leafsystem *system);

/** No group of up to `documents`, its highest label minus its lowest up to `label_gap`, adds more
 *  than this to any sum. */
double souk_leafsystem_bound(const struct souk_rankobjective *objective, double label_gap,
                             int documents);

/** Start a tree. @param leaves 1 to max_leaves
 *  @param bound  souk_leafsystem_bound() of the largest label gap and group of all ranks
 *  @param groups of all ranks; the same on every thread and rank, as is bound */
void souk_leafsystem_clear(struct souk_leafsystem *system, int leaves, double bound,
                           int64_t groups);

/** Add a group's pairs: those that its gradients of this iteration came from.
 *  @param leaf [n] of each document, 0 to leaves - 1
 *  @return SOUK_OK, SOUK_ENUMERIC (a score is not finite) */
souk_status souk_leafsystem_add(struct souk_leafsystem *system,
                                const struct souk_rankobjective *objective,
                                struct souk_rankscratch *scratch,
                                const struct souk_rankgroup *group, int64_t iteration,
                                const int32_t *leaf, struct souk_error *err) SOUK_MUST_CHECK;

/** Values from the sums of all threads and ranks, by Cholesky. They add up to 0 but for rounding:
 *  a pair loss does not see a constant. Leaves without pairs get 0.
 *  @param lambda >= 0, added to H's diagonal, with a millionth of its mean: H alone is singular
 *  @param value  [leaves]
 *  @return SOUK_OK, SOUK_EINVAL (lambda), SOUK_ENUMERIC (a pivot) */
souk_status souk_leafsystem_solve(struct souk_leafsystem *system, double lambda, double *value,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
