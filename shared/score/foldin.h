/** @file
 *  Fold-in: the factors of somebody whom the model was not trained on, from a history.
 *
 *      als, ials       (alpha0 G + lambda (n + alpha0 items)^nu I + sum_j v_j y_j y_j') x
 *                          = sum_j v_j y_j                   v_j = weight_j ^ weight-power
 *      als, implicit   (G + regularization I + sum_j (c_j - 1) y_j y_j') x = sum_j c_j y_j
 *                                                            c_j = offset + alpha weight_j
 *      svd             x = sum_j weight_j y_j                the rows of the items are orthonormal
 *
 *  G is the Gram matrix of all items' factors, and the rest comes from the model's parameters: one
 *  row of training (train/als/objective.h) whose other side is the finished model. A user who was
 *  trained on gets the trained factors back, as far as the training had converged.
 *
 *  In a model that was trained with a half-life v_j, and weight_j of `implicit`, is multiplied by
 *  what the age of the pair leaves of it (recency.h).
 *
 *  G is summed part by part, in the order of the parts, each part's share by itself: whoever adds
 *  up the shares of all parts in that order has the same bits. A share is a lower triangle, row by
 *  row: [souk_foldin_share_size()].
 */
#ifndef SOUK_SCORE_FOLDIN_H
#define SOUK_SCORE_FOLDIN_H

#include "shared/model/modelfile.h"
#include "shared/score/recency.h"

#include <stdbool.h>
#include <stdint.h>

enum souk_foldin_kind {
    SOUK_FOLDIN_NONE, /**< no factors, or ratings (`explicit`, whose mean is not in the model) */
    SOUK_FOLDIN_IALS,
    SOUK_FOLDIN_IMPLICIT,
    SOUK_FOLDIN_PROJECTION,
};

struct souk_foldin {
    enum souk_foldin_kind kind;
    int factors, stride;
    int64_t items;                        /**< of the model */
    double alpha0, lambda, nu, power;     /**< ials */
    double alpha, offset, regularization; /**< implicit */
    struct souk_recency recency;
    double *gram; /**< [factors x factors]; NULL for NONE and PROJECTION */
};

/** Read the model's parameters; G is zero until souk_foldin_add_items().
 *  @param out empty with souk_foldin_fini(); zeroed on failure
 *  @return SOUK_OK (also for NONE), SOUK_EFORMAT (a parameter that is missing or no number),
 *          SOUK_ENOMEM */
souk_status souk_foldin_init(const struct souk_model *model, struct souk_foldin *out,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** The same from what a model says of itself. @param parameters_json NULL: none */
souk_status souk_foldin_init_from(const char *kind, int factors, int64_t items,
                                  const char *parameters_json, struct souk_foldin *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_foldin_fini(struct souk_foldin *f);

/** Whether folding in takes G. */
static inline bool souk_foldin_needs_gram(const struct souk_foldin *f)
{
    return f->kind == SOUK_FOLDIN_IALS || f->kind == SOUK_FOLDIN_IMPLICIT;
}

/** Doubles of a part's share of G. */
static inline int64_t souk_foldin_share_size(int factors)
{
    return (int64_t)factors * (factors + 1) / 2;
}

/** Whether a fleet folds users in to a model of so many factors and parts: not where the solve
 * alone would take longer than an answer may, nor where the shares of G take over 256 MiB. */
static inline bool souk_foldin_is_served(int factors, int64_t parts)
{
    return factors <= 512 && souk_foldin_share_size(factors) * parts <= 32 << 20;
}

/** A part's share of G. @param share [souk_foldin_share_size()], out */
void souk_foldin_share_of(const struct souk_model_part *part, double *share);

/** Count the share of a part in. Every part once, ascending. */
void souk_foldin_add_share(struct souk_foldin *f, const double *share);

/** Count the items of a part in. Every part once, ascending. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_foldin_add_items(struct souk_foldin *f,
                                  const struct souk_model_part *part) SOUK_MUST_CHECK;

/** Doubles of scratch that souk_foldin_solve() takes. */
int64_t souk_foldin_scratch(const struct souk_foldin *f);

/** Thread-safe. @param row    [count], the items' factors, [stride] each
 *  @param weight  [count], of the pairs, as the model would hold them (historyrule.h)
 *  @param recency [count], what each pair's age leaves of it: souk_recency_factor(&f->recency,
 * ...); NULL: 1 each, the mean of the pairs trained on
 *  @param scratch [souk_foldin_scratch()]
 *  @param vector  [stride], out; zero behind the factors, and all zero for count 0
 *  @return SOUK_OK; SOUK_ENUMERIC where the equations are not positive definite or the solution is
 *          not finite; SOUK_EINVAL for NONE */
souk_status souk_foldin_solve(const struct souk_foldin *f, const float *const *row,
                              const float *weight, const double *recency, int64_t count,
                              double *scratch, float *vector) SOUK_MUST_CHECK;

#endif
