/** @file
 *  Full-catalogue lists for all cases of a rank, with the items streamed past them part by part.
 *
 *      part 0 of the items  ->  every case's heap     one part of the items in memory,
 *      part 1               ->  every case's heap     and the facts of items that stand in a heap
 *      ...
 *
 *  A user whom the model does not know gets what serving would give: the popular items.
 */
#ifndef SOUK_EVALUATE_RANKING_H
#define SOUK_EVALUATE_RANKING_H

#include "shared/math/topk.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/catalogue.h"
#include "train/evaluate/metrics.h"
#include "train/evaluate/partsource.h"
#include "train/evaluate/scorer.h"
#include "train/evaluate/visitors.h"

#include <stdbool.h>
#include <stdint.h>

/** Facts of the items of one part that were in some list when the part had been scanned. */
struct souk_found {
    int64_t count;
    int64_t *row; /**< [count], model item rows, ascending */
    struct souk_idtable ids;
    int64_t *events;
    int32_t *category;
    float *direction; /**< [count x factors]; NULL without factors */
};

struct souk_ranking {
    const struct souk_model *model;
    const struct souk_cases *cases;
    struct souk_topk *lists;  /**< [cases], best first; unused for unknown users */
    struct souk_topk cold;    /**< the list of all unknown users */
    const bool *is_known;     /**< [cases] */
    struct souk_found *found; /**< [parts] */
    int64_t *wanted_row;      /**< [wanted], model item row, -1: unknown to the model */
    int64_t *wanted_events;   /**< [wanted], events in training, -1: unknown to the model */
    struct souk_catalogue catalogue;
};

struct souk_ranking_rule {
    int depth; /**< length of the lists */
    struct souk_scoring_rule scoring;
    bool quiet; /**< show no progress */
};

/** Bytes that this rank will hold at most: factors and lists of its users, a part of the items, the
 *  items that stand in lists. The users' training items come on top. */
int64_t souk_ranking_memory(const struct souk_model *model, const struct souk_cases *cases,
                            int depth);

/** Collective. Rank the whole catalogue for every case.
 *  @param out free with souk_ranking_fini(), before cases and visitors; zeroed on failure
 *  @return the same on every rank */
souk_status souk_ranking_make_all(const struct souk_comm *comm,
                                  const struct souk_part_source *source,
                                  const struct souk_cases *cases,
                                  const struct souk_visitors *visitors,
                                  const struct souk_ranking_rule *rule, struct souk_ranking *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_ranking_fini(struct souk_ranking *r);

static inline const struct souk_topk *souk_ranking_list(const struct souk_ranking *r, int64_t at)
{
    return r->is_known[at] ? &r->lists[at] : &r->cold;
}

/** What is known of an item that stands in a list. */
struct souk_listed_item souk_ranking_item(const struct souk_ranking *r, int64_t row);

#endif
