/** @file
 *  The candidates that a two-stage model names for the cases of this rank.
 *
 *      users' events -> profiles          once
 *      part 0 of the items -> every case's lists, one for each source
 *      part 1              -> ...
 *      lists -> one row of candidates per case, ascending: the quotas are of the whole catalogue
 *
 *  Features and scores of the candidates are computed part by part again (souk_stage_features()).
 */
#ifndef SOUK_EVALUATE_CANDIDATES_H
#define SOUK_EVALUATE_CANDIDATES_H

#include "shared/score/stagescan.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/partsource.h"
#include "train/evaluate/visitors.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_candidates {
    const struct souk_model *model;
    const struct souk_cases *cases;
    struct souk_stage_rules rules;
    bool include_seen;
    struct souk_profile
        *profiles;    /**< [cases]; without events where the model does not know the user */
    float **weights;  /**< [cases] of [source_count x items of the profile] */
    float *best;      /**< [cases x 2 x source_count], heads of the sources' lists */
    int64_t *offsets; /**< [cases + 1] */
    int64_t *item;    /**< model item rows, ascending within a case */
    uint32_t *lists;  /**< bit l: list l named it (souk_stage_lists()) */
};

/** Collective. "Now" is the moment of each case (cases.h).
 *  @param source   of files
 *  @param visitors who are the cases' users: one of whom only given items are known (given.h) has
 *         these as events of the moment; NULL: nobody
 *  @param out free with souk_candidates_fini(); zeroed on failure
 *  @return what reading returns, SOUK_EFORMAT, SOUK_ENOMEM; the same on every rank */
souk_status souk_candidates_find_all(const struct souk_comm *comm,
                                     const struct souk_part_source *source,
                                     const struct souk_cases *cases,
                                     const struct souk_visitors *visitors, bool include_seen,
                                     struct souk_candidates *out,
                                     struct souk_error *err) SOUK_MUST_CHECK;
void souk_candidates_fini(struct souk_candidates *c);

/** The candidates of a case that lie in a part.
 *  @param item rows within the part, ascending; room for all candidates of the case
 *  @param first index of the first of them into c->item
 *  @return their number */
int64_t souk_candidates_in_part(const struct souk_candidates *c, int64_t at, int part,
                                int64_t *item, int64_t *first);

/** The heads of a case's lists, as souk_stage_features() takes them. */
static inline const float *souk_candidates_best(const struct souk_candidates *c, int64_t at)
{
    return c->best + at * 2 * c->rules.source_count;
}

/** Most candidates of any case. */
int64_t souk_candidates_longest(const struct souk_candidates *c);

#endif
