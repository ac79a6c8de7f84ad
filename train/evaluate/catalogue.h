/** @file
 *  The items of a model as one crowd: how many, how often wanted in training, the most popular.
 */
#ifndef SOUK_EVALUATE_CATALOGUE_H
#define SOUK_EVALUATE_CATALOGUE_H

#include "shared/model/modelfile.h"

#include <stdint.h>

struct souk_popular_item {
    int64_t events, row;
    const char *id;
};

struct souk_catalogue {
    int64_t items, events;
    int depth, count;               /**< the most popular that are kept, and are there */
    struct souk_popular_item *most; /**< [count], events descending, then id ascending */
    char *ids;                      /**< of `most` */
    int64_t *row, *position;        /**< [count], by ascending row */
    int64_t *item_events;           /**< [items], by model row; descending after the close */
};

/** @param depth how many of the most popular items to keep */
void souk_catalogue_init(struct souk_catalogue *c, int depth);
void souk_catalogue_fini(struct souk_catalogue *c);

/** Count the items of a part in. @param first_row model row of its first item
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_EFORMAT (more events than 64 bits count) */
souk_status souk_catalogue_add(struct souk_catalogue *c, const struct souk_model_part *part,
                               int64_t first_row, struct souk_error *err) SOUK_MUST_CHECK;

/** After the last part: make positions known. @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_catalogue_close(struct souk_catalogue *c, struct souk_error *err) SOUK_MUST_CHECK;

/** Fewest events of an item in each tenth of the items that have any, the most popular first. Of
 *  equal items the last decides: all are in its tenth, or a more popular one. Zeros for no items.
 *  @param events [items], descending; @param decile_min [10], out */
void souk_catalogue_deciles(const int64_t *events, int64_t items, int64_t *decile_min);

/** From 1; INT64_MAX for an item behind the first `depth`. */
int64_t souk_catalogue_position(const struct souk_catalogue *c, int64_t row);

#endif
