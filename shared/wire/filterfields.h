/** @file
 *  The fields `filters` and `preferences` of a request, read where they arrive and again by the
 *  shards, which get them as they came.
 *
 *      filters       categories, price_min, price_max, available, exclude
 *      preferences   categories, price_min, price_max
 *
 *  Both are maps. A key that is none of these is refused, for a filter that is not applied would
 *  give the wrong items; so is a map that could let nothing through.
 */
#ifndef SOUK_WIRE_FILTERFIELDS_H
#define SOUK_WIRE_FILTERFIELDS_H

#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SOUK_WIRE_CATEGORIES_MAX = 1000,
    SOUK_WIRE_EXCLUDE_MAX = 10000,
    SOUK_WIRE_METADATA_MAX = 64
};

/** Lists are texts of 1 to 128 bytes, and point into the message. */
struct souk_filter_fields {
    const msgpack_object *map;                  /**< NULL: the field is absent */
    const msgpack_object *categories, *exclude; /**< [..._count] */
    size_t category_count, exclude_count;       /**< 0: of all, none */
    double price_min, price_max;                /**< infinite: no bound */
    bool has_price, available;
};

/** @param key "filters" or "preferences"
 *  @param f all let through where the field is absent
 *  @return NULL, or what is wrong with it, naming the key within it */
const char *souk_filter_fields_read(const struct souk_message *m, const char *key,
                                    struct souk_filter_fields *f);

/** Hand the field on as it came. Its map is there. */
void souk_filter_fields_put(struct souk_writer *w, const char *key,
                            const struct souk_filter_fields *f);

#endif
