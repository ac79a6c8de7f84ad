/** @file
 *  Levels: ways of sorting items into few values, such as the steps of a category tree, and the
 *  department, type or brand of a catalogue.
 *
 *      item row        0    1    2    3  ...     model rows, of all parts
 *      department      4    0    4   -1          -1: not known
 *      brand           1    1    0    0
 *
 *  A value's number is its place among the hashes of the level's texts, so that numbers do not
 *  depend on who counted, and a request's "GROCERY" is found without the texts. The table is in
 *  model.h5: a visitor's items lie in all parts, and each takes 4 bytes a level.
 */
#ifndef SOUK_MODEL_LEVELS_H
#define SOUK_MODEL_LEVELS_H

#include "shared/base/status.h"
#include "shared/data/manifest.h"

#include <stdint.h>

enum {
    SOUK_LEVELS_MAX = 6,
    SOUK_LEVEL_VALUES_MAX = 1 << 16,
    SOUK_LEVEL_NAME_BYTES = 40, /**< at most: columns and features are named after levels */
};

struct souk_level {
    char name[SOUK_LEVEL_NAME_BYTES + 1]; /**< "department" */
    int64_t values;
    uint64_t *hash; /**< [values], XXH3-64 of the texts, ascending */
};

struct souk_levels {
    int count; /**< 0: nothing sorts the items */
    struct souk_level of[SOUK_LEVELS_MAX];
    int64_t items;
    int32_t *value; /**< [count x items], one level behind the other; -1: not known */
};

void souk_levels_fini(struct souk_levels *l);

/** Value of a model item row. */
static inline int32_t souk_level_of(const struct souk_levels *l, int level, int64_t item)
{
    return l->value[level * l->items + item];
}

/** Level of a name, -1: none. */
int souk_level_named(const struct souk_levels *l, const char *name);

/** Value with a text, -1: no item of training has it. */
int32_t souk_level_find(const struct souk_level *level, const char *text, size_t len);

/** What the manifest says: a list of names and numbers of values, and a digest of the tables. Adds
 *  nothing for no levels. @return 0, or not 0 when memory is out */
int souk_levels_add_json(const struct souk_levels *l, json_t *json);

/** The tables, as /levels/value and /levels/hash of model.h5; nothing for no levels. */
souk_status souk_levels_write(struct souk_h5 *h5, const struct souk_levels *l,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Read what both wrote, and check ranges, order and digest.
 *  @param m the object that souk_levels_add_json() added to
 *  @param items of the model
 *  @param out empty with souk_levels_fini(), also after a failure
 *  @return SOUK_OK, SOUK_EFORMAT, SOUK_EINTEGRITY, SOUK_ENOMEM */
souk_status souk_levels_read(struct souk_h5 *h5, const struct souk_manifest *m, int64_t items,
                             struct souk_levels *out, struct souk_error *err) SOUK_MUST_CHECK;

#endif
