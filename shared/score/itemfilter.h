/** @file
 *  Which items a request lets into its answer: under some categories, in a range of prices, not
 *  known to be unavailable, not excluded.
 *
 *      allowed(i) = category(i) in C  and  min <= price(i) <= max  and  available(i) != 0
 *                   and  i not in E
 *
 *  What is not known of an item keeps it out by category and by price, and lets it in by
 *  availability. Prices and availability are the model's item columns of these names (in any case).
 *  Read by scans block by block; any number of threads read one filter.
 */
#ifndef SOUK_SCORE_ITEMFILTER_H
#define SOUK_SCORE_ITEMFILTER_H

#include "shared/base/status.h"
#include "shared/model/modelfile.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_item_filter {
    bool *category; /**< [1 + categories], in C: of category c at 1 + c, of none at 0; NULL: all */
    bool by_price, available;
    double price_min, price_max; /**< infinite: no bound */
    int64_t *exclude;            /**< [exclude_count], model item rows, ascending */
    int64_t exclude_count;
};

/** What a part says of its items for filters; NULL: nothing. */
struct souk_item_facts {
    const double *price, *available; /**< [items], NaN: not known */
};
struct souk_item_facts souk_item_facts_of(const struct souk_model_part *part);

/** Let everything through. */
void souk_item_filter_init(struct souk_item_filter *f);
void souk_item_filter_fini(struct souk_item_filter *f);

/** Let through only what is under one of these, of what was let through before.
 *  @param under [count], indices; negative ones are of no item. No category at all: no item
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_item_filter_by_category(struct souk_item_filter *f,
                                         const struct souk_categories *categories,
                                         const int32_t *under, int64_t count) SOUK_MUST_CHECK;

/** Keep rows out. @param rows [count], of any order, negative ones of no item; taken over */
void souk_item_filter_exclude(struct souk_item_filter *f, int64_t *rows, int64_t count);

/** Whether it lets everything through. */
bool souk_item_filter_is_open(const struct souk_item_filter *f);

/** Set refused[i] for items first + i of a part that are not allowed; leave the others as they are.
 *  @param first_row model row of the part's first item; @param refused [count] */
void souk_item_filter_mark(const struct souk_item_filter *f, const struct souk_model_part *part,
                           const struct souk_item_facts *facts, int64_t first_row, int64_t first,
                           int64_t count, bool *refused);

#endif
