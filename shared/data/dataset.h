/** @file
 *  A dataset: every cleaned event of a shop, cut into parts by identifier.
 *
 *      NAME.ds/dataset.h5       manifest (JSON), category tree
 *      NAME.ds/part-0000.h5     users of the part, their events; items of the part, what is known
 *      ...                      of them
 *      NAME.ds/part-0015.h5
 *
 *      global user row   0 ........ user_first[1] ........ user_first[2] ....  user_first[P]
 *                        part 0 (ids ascending)   part 1 (ids ascending)
 *
 *  Items are numbered in the same way by item_first. A user and an item belong to the part that
 *  the hash of their id says (souk_part_of). Events are sorted by user, then time, then item, then
 *  type. Nothing is aggregated; the split is one number in the manifest. docs/dataset-format.md is
 *  the specification.
 *
 *  Readers name a window [from, until) and never see an event outside it.
 */
#ifndef SOUK_DATA_DATASET_H
#define SOUK_DATA_DATASET_H

#include "shared/base/status.h"
#include "shared/data/attribute.h"
#include "shared/data/category.h"
#include "shared/data/idtable.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_DATASET_SCHEMA = 1,
    SOUK_PARTS_DEFAULT = 16,
    SOUK_PARTS_MAX = 4096,
    SOUK_EVENT_TYPES_MAX = 32,
};

#define SOUK_TIME_NONE INT64_MIN /**< no split, no bound below */
#define SOUK_TIME_MAX INT64_MAX

/** Milliseconds since the epoch, [from, until). */
struct souk_window {
    int64_t from_ms, until_ms;
};

struct souk_event_type {
    char name[SOUK_NAME_MAX_BYTES + 1];
    double weight;  /**< what one such event is worth by default */
    bool is_target; /**< whether evaluation counts it as wanted */
    int64_t count;
};

/** How the events of one (user, item) become a weight. */
enum souk_weighting {
    SOUK_WEIGHT_EVENTS, /**< sum of the event types' weights */
    SOUK_WEIGHT_VALUES, /**< sum of the events' values */
    SOUK_WEIGHT_ORDERS, /**< number of distinct orders */
    /* Of a rule only, never of a manifest: the weight is a rating, of any sign. */
    SOUK_WEIGHT_LAST, /**< value of the latest event; of the last in the dataset's order among
                         equals */
    SOUK_WEIGHT_MEAN, /**< mean of the events' values */
};

/** Of one part, kept in the manifest. */
struct souk_part_file {
    int64_t size_bytes;
    uint64_t digest;
};

/** The manifest, as it is in memory. Plain data, filled in by the reader or by ingest. */
struct souk_dataset {
    char *path; /**< folder */
    int schema, parts, id_width;
    char format[SOUK_NAME_MAX_BYTES + 1]; /**< "retailrocket" */
    int64_t *user_first;                  /**< [parts + 1] */
    int64_t *item_first;                  /**< [parts + 1] */
    int64_t event_count;
    int type_count;
    struct souk_event_type types[SOUK_EVENT_TYPES_MAX];
    enum souk_weighting weighting;
    bool has_values, has_orders, has_properties;
    int64_t split_ms; /**< SOUK_TIME_NONE: none */
    int64_t session_gap_ms;
    int64_t first_ms, last_ms; /**< of the events; both 0 when there is none */
    int property_count;
    char **property_names;             /**< [property_count] */
    char *profile_json;                /**< what --profile prints; may be NULL */
    struct souk_part_file *files;      /**< [parts] */
    uint64_t digest;                   /**< of the manifest: the dataset's name in models */
    struct souk_categories categories; /**< empty when none was given */
};

/** The change log of a part's items, sorted by item, property, time. */
struct souk_properties {
    int64_t count;
    int64_t *item_offsets;  /**< [items + 1] */
    int32_t *property;      /**< [count], index into property_names */
    int64_t *time_ms;       /**< [count] */
    int64_t *value_offsets; /**< [count + 1] */
    char *value_bytes;
};

/** One part in memory. Arrays that the dataset does not have are NULL. */
struct souk_dataset_part {
    int part;
    struct souk_idtable users, items;
    int64_t event_count;
    int64_t *event_offsets; /**< [users + 1] */
    int64_t *item;          /**< [events], global item row */
    int64_t *time_ms;       /**< [events] */
    uint8_t *type;          /**< [events], index into types */
    int32_t *session;       /**< [events], ordinal of the session in its user's history */
    float *value;           /**< [events] or NULL */
    int64_t *order;         /**< [events] or NULL: the same number, the same order */
    int item_attribute_count, user_attribute_count;
    struct souk_attribute *item_attributes, *user_attributes;
    struct souk_properties properties;
};

/** What to read of a part. */
enum souk_dataset_what {
    SOUK_READ_USERS = 1,
    SOUK_READ_ITEMS = 2,
    SOUK_READ_EVENTS = 4, /**< implies users */
    SOUK_READ_ATTRIBUTES = 8,
    SOUK_READ_PROPERTIES = 16,
};

/** Read and check the manifest.
 *  @param out owned by the caller, free with souk_dataset_free(); NULL on failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EINTEGRITY, SOUK_EVERSION, SOUK_EFORMAT, SOUK_ENOMEM */
souk_status souk_dataset_open(const char *path, struct souk_dataset **out,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_dataset_free(struct souk_dataset *d);

static inline int64_t souk_dataset_users(const struct souk_dataset *d)
{
    return d->user_first[d->parts];
}
static inline int64_t souk_dataset_items(const struct souk_dataset *d)
{
    return d->item_first[d->parts];
}

/** Read one part after verifying its size and digest against the manifest. Of events
 *  only those inside the window are kept; users without any keep an empty row. Of the property log
 *  what was set before the window's end is kept: it still holds inside.
 *  @param what bits of souk_dataset_what
 *  @param out  owned by the caller, empty with souk_dataset_part_fini(); zeroed on failure */
souk_status souk_dataset_read_part(const struct souk_dataset *d, int part, unsigned what,
                                   struct souk_window window, struct souk_dataset_part *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;
void souk_dataset_part_fini(struct souk_dataset_part *p);

/** Copy event `from` of a part to place `to`, in every array: for keeping some of the events. */
void souk_dataset_part_move_event(struct souk_dataset_part *p, int64_t to, int64_t from);

/** Write one part into a (staging) folder, sealed and synced. Ranks call it for their own parts.
 *  @param id_width of the whole dataset; @param file receives what the manifest needs */
souk_status souk_dataset_write_part(const char *folder, int id_width,
                                    const struct souk_dataset_part *p, struct souk_part_file *file,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Write dataset.h5, with virtual datasets over the parts, after all parts. d->files is filled in.
 *  Sets d->digest. */
souk_status souk_dataset_write_manifest(const char *folder, struct souk_dataset *d,
                                        struct souk_error *err) SOUK_MUST_CHECK;

#endif
