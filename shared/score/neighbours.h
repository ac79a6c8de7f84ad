/** @file
 *  Item-to-item rows of a part, turned over block by block, so that a scan reads only what a
 *  history selects.
 *
 *      on disk         item j        <-  (neighbour i, weight b_ij), ...    the item it recommends
 *      in a block      history i     ->  (item j of the block, b_ij), ...   256 items a block
 *
 *      score(j) = sum over i of the history, ascending, of history_weight(i) * b_ij
 *
 *  Each product is rounded before it is added, in the order of i, so that a score has the same bits
 *  however items are spread over parts and shards. Immutable after it is made.
 */
#ifndef SOUK_SCORE_NEIGHBOURS_H
#define SOUK_SCORE_NEIGHBOURS_H

#include "shared/base/status.h"
#include "shared/model/modelfile.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_NEIGHBOURS_BLOCK = 256 }; /**< items scored at a time; their number fits a byte */

struct souk_neighbours {
    int64_t blocks;
    int64_t *block_source; /**< [blocks + 1], first source of each block */
    int64_t *source;       /**< [sources], item rows of histories, ascending within a block */
    int64_t *first;        /**< [sources + 1], first entry of each source */
    uint8_t *target;       /**< [entries], item within the block, ascending within a source */
    float *weight;         /**< [entries] */
};

/** Turn the rows of a part over. @param part with neighbours; not kept
 *  @param out empty with souk_neighbours_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_neighbours_init(struct souk_neighbours *out,
                                 const struct souk_model_part *part) SOUK_MUST_CHECK;
void souk_neighbours_fini(struct souk_neighbours *n);

/** Whether a history says anything: one of nothing but items that took no part in training, whose
 *  weight is 0, does not, and its owner is answered as one without a history.
 *  @param weight [count] */
bool souk_neighbours_can_score(const float *weight, int64_t count);

/** Score the items of one block. Thread-safe.
 *  @param history [count] item rows, ascending; @param weight [count]
 *  @param score   [items of the block], overwritten; 0 for an item without a neighbour in it */
void souk_neighbours_score(const struct souk_neighbours *n, int64_t block, const int64_t *history,
                           const float *weight, int64_t count, float *score, int64_t items);

/** What one item's score is made of. */
struct souk_support {
    float strongest; /**< largest of the products; 0: none is above 0 */
    float items;     /**< of the history that have it as a neighbour with a product above 0 */
};

/** The same, and what each score is made of. @param support [items], overwritten */
void souk_neighbours_support(const struct souk_neighbours *n, int64_t block, const int64_t *history,
                             const float *weight, int64_t count, float *score,
                             struct souk_support *support, int64_t items);

#endif
