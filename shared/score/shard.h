/** @file
 *  The items of some parts of a model, ready to be scored: what a replica holds of its shard, and
 *  what an evaluating rank holds of the part it looks at.
 *
 *      parts   p0       p3       p6 ...        each with its ids, factors, popularity, category
 *      item    model row, global over all parts
 *
 *  Immutable after it is made, so that any number of threads scan it at once.
 */
#ifndef SOUK_SCORE_SHARD_H
#define SOUK_SCORE_SHARD_H

#include "shared/base/status.h"
#include "shared/math/topk.h"
#include "shared/model/modelfile.h"
#include "shared/score/itemfilter.h"
#include "shared/score/liking.h"
#include "shared/score/neighbours.h"
#include "shared/score/screen.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_shard {
    const struct souk_model *model;
    int shard, shards;
    int part_count;
    struct souk_model_part *parts; /**< [part_count], by ascending part number */
    float **item_norm;             /**< [part_count][items] for `cosine`, 1 for a zero vector; rows
                                        are NULL without item factors */
    struct souk_neighbours *neighbours; /**< [part_count]; NULL where the model has none */
    struct souk_screen *screens; /**< [part_count], to skip items of low scores; NULL: none */
    int64_t item_count;          /**< over these parts; 0 when items were not read */
    bool borrowed;               /**< the parts' arrays are somebody else's */
};

/** Whose answer, and what must not be in it. With a vector items are scored by their factors; else,
 *  with a history, by their neighbours; else by popularity. */
struct souk_scan {
    const float *vector; /**< [stride] user factors, or a unit item vector for `similar` */
    bool cosine;         /**< `similar`: divide by the item's norm; by neighbours, offer only what
                              scores above 0 */
    const int64_t *history; /**< [history_count] model item rows, ascending; NULL: none. Only where
                                 the model has neighbours */
    const float *history_weight; /**< [history_count] */
    int64_t history_count;
    const int64_t *exclude; /**< [exclude_count] model item rows, ascending: seen items */
    int64_t exclude_count;
    const struct souk_item_filter *filter; /**< NULL: all items */
    const struct souk_liking *liking;      /**< instead of popularity; NULL: none is known */
};

/** Read the parts p with p mod shards = shard (all of them with 0 of 1).
 *  @param what as for souk_model_read_part()
 *  @param out  empty with souk_shard_fini(); zeroed on failure; the model must outlive it
 *  @return SOUK_OK, SOUK_EINVAL (more shards than parts), SOUK_ENOMEM, and what
 *          souk_model_read_part() returns */
souk_status souk_shard_load(const struct souk_model *model, int shard, int shards, unsigned what,
                            struct souk_shard *out, struct souk_error *err) SOUK_MUST_CHECK;

/** A shard of one part that is in memory already, with its items; the part is borrowed.
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_shard_of_part(const struct souk_model *model, const struct souk_model_part *part,
                               struct souk_shard *out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_shard_fini(struct souk_shard *s);

/** The part of this id, when the shard has it; else NULL. */
const struct souk_model_part *souk_shard_part_of(const struct souk_shard *s, const char *id,
                                                 size_t len);

/** Offer every item of the shard that the scan allows. Bit-identical however items are spread over
 *  shards. A score that is not finite (factors so large that they overflow) is not offered.
 *  Thread-safe. @param best keeps its capacity; not sorted here; ids point into the shard
 *  @return number of items scored */
int64_t souk_shard_scan(const struct souk_shard *s, const struct souk_scan *scan,
                        struct souk_topk *best);

/** The scores of all items of one part of the shard, as a scan sees them; NaN marks an item that
 * the scan does not allow. Thread-safe. @param index into s->parts; @param score [items of the
 * part]
 */
void souk_shard_score(const struct souk_shard *s, int index, const struct souk_scan *scan,
                      float *score);

#endif
