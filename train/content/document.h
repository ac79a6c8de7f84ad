/** @file
 *  Documents: the tokens of the items of this rank's parts, weighed by TF-IDF.
 *
 *      local item    0 ... items of the first local part ... | those of the second ... |
 *      row           (token, weight) ...       tokens ascending, none twice; of length 1
 *
 *      weight = (1 + ln tf) x ln(N / df) / length of the row
 *
 *  tf: how often the item has the token; df: how many items have it, of the N with any token; both
 *  over all ranks. Tokens of one item only, and those of more than a cap of items, count in no
 *  product; the first do in the length, as words that nobody shares set an item apart.
 */
#ifndef SOUK_CONTENT_DOCUMENT_H
#define SOUK_CONTENT_DOCUMENT_H

#include "train/comm/ratings.h"

#include <stdint.h>

struct souk_documents {
    int64_t items;
    int64_t *part_first; /**< [local parts + 1], local items */
    int64_t *offsets;    /**< [items + 1] */
    uint64_t *token;     /**< [entries] */
    float *weight;       /**< [entries], > 0 */
    int64_t documents;   /**< items with a token, of all ranks */
    int64_t dropped;     /**< tokens of rows that were too frequent, of all ranks */
};

struct souk_document_rule {
    const char *fields; /**< "description,888": attributes and properties; NULL: all */
    double max_share;   /**< of the items that may have a token */
    int64_t max_items;  /**< that may have a token */
};

/** Collective. Of properties the latest value before the end of the window counts.
 *  @param out empty with souk_documents_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM, what reading a part returns; the same on every rank */
souk_status
souk_documents_load_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                        const struct souk_ratings *ratings, const struct souk_document_rule *rule,
                        struct souk_documents *out, struct souk_error *err) SOUK_MUST_CHECK;
void souk_documents_fini(struct souk_documents *d);

#endif
