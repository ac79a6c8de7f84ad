/** @file
 *  What a model knows of the users of the cases: factors and training items.
 */
#ifndef SOUK_EVALUATE_VISITORS_H
#define SOUK_EVALUATE_VISITORS_H

#include "shared/model/modelfile.h"
#include "train/comm/comm.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/partsource.h"

#include <stdint.h>

struct souk_visitors {
    int stride;
    bool has_weights;         /**< histories are kept with their weights */
    float *vectors;           /**< [cases x stride]; NULL where the model has no factors */
    bool *has_vector;         /**< [cases], false: the case is answered by history or popularity */
    int64_t *history_offsets; /**< [cases + 1] */
    int64_t *history;         /**< model item rows, ascending within a case */
    float *history_weight;    /**< as history; NULL without has_weights */
    bool *is_trained;         /**< [cases], whether the model was trained on the user */
    bool *is_known;           /**< [cases], whether it was, or was given items that it knows */
};

/** Collective. Looks at the users of this rank's parts, one part at a time.
 *  @param out free with souk_visitors_fini(); zeroed on failure
 *  @return the same on every rank */
souk_status souk_visitors_load_all(const struct souk_comm *comm,
                                   const struct souk_part_source *source,
                                   const struct souk_cases *cases, struct souk_visitors *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_visitors_fini(struct souk_visitors *v);

/** Number of training and given items of a case; -1 for a user of whom the model knows nothing. */
static inline int64_t souk_visitors_history(const struct souk_visitors *v, int64_t at)
{
    return v->is_known[at] ? v->history_offsets[at + 1] - v->history_offsets[at] : -1;
}

#endif
