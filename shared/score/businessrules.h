/** @file
 *  What the business wants of the lists, from a JSON file:
 *
 *      {"rules": [{"action": "boost", "factor": 1.5, "categories": ["c7"], "items": ["i1", "i2"]},
 *                 {"action": "bury", "items": ["i3"]},
 *                 {"action": "exclude", "categories": ["c9"]},
 *                 {"action": "pin", "item": "i4", "position": 1}],
 *       "unavailable": ["i5"]}
 *
 *      boost     relevance times factor (rerank.h); the factors of several rules multiply
 *      bury      behind all that is not buried
 *      exclude   never; the same as being unavailable
 *      pin       at a place, from 1; the item must be available, and not excluded
 *
 *  A rule holds for its items and for all under its categories. Of an item that is not in the list
 *  only a pin says something. Immutable after it is read: any number of threads ask.
 */
#ifndef SOUK_SCORE_BUSINESSRULES_H
#define SOUK_SCORE_BUSINESSRULES_H

#include "shared/base/status.h"
#include "shared/data/category.h"
#include "shared/score/rerank.h"

#include <stdint.h>

enum {
    SOUK_BUSINESS_RULES_MAX = 1 << 20, /**< items and categories over all rules */
    SOUK_BUSINESS_BYTES_MAX = 1 << 28,
};

enum souk_business_action { SOUK_BOOST, SOUK_BURY, SOUK_EXCLUDE, SOUK_PIN };

/** One action on one item or category. */
struct souk_business_rule {
    char *item;       /**< NULL: of a category */
    int32_t category; /**< index into the tree */
    enum souk_business_action action;
    float factor;
    int position;
};

struct souk_business_rules {
    int64_t count, item_count;
    struct souk_business_rule *rules; /**< [count], the item_count of items first, by id */
};

/** Parse a text. @param categories the model's; @param name of the file, for messages
 *  @param out empty with souk_business_rules_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_EFORMAT (names the rule, or a category that is not in the tree),
 *          SOUK_ELIMIT, SOUK_ENOMEM */
souk_status souk_business_rules_parse(const char *text, size_t len, const char *name,
                                      const struct souk_categories *categories,
                                      struct souk_business_rules *out,
                                      struct souk_error *err) SOUK_MUST_CHECK;

/** Read a file. @return and SOUK_ENOTFOUND, SOUK_EIO */
souk_status souk_business_rules_read(const char *path, const struct souk_categories *categories,
                                     struct souk_business_rules *out,
                                     struct souk_error *err) SOUK_MUST_CHECK;
void souk_business_rules_fini(struct souk_business_rules *r);

/** What the rules say of an item: its boost, pin, is_buried and is_excluded, with item->category
 *  set. */
void souk_business_rules_apply(const struct souk_business_rules *r,
                               const struct souk_categories *categories, const char *id,
                               struct souk_rerank_item *item);

#endif
