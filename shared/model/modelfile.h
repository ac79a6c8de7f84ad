/** @file
 *  A model version on disk: a manifest and P parts.
 *
 *      NAME.model/model.h5        manifest (JSON), small objects, virtual datasets over the parts
 *      NAME.model/part-0000.h5    users: ids, factors, history      items: ids, what scores them
 *      ...
 *
 *  Rows are numbered as in a dataset (dataset.h), over the users and items that the model knows:
 *  those with an interaction in its training window, and items that something else is known of
 *  (docs/model-format.md). Parts are those of the dataset it was trained
 *  on. A version is immutable once it is in place. docs/model-format.md is the specification.
 */
#ifndef SOUK_MODEL_MODELFILE_H
#define SOUK_MODEL_MODELFILE_H

#include "shared/base/status.h"
#include "shared/data/dataset.h"
#include "shared/model/levels.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_MODEL_SCHEMA = 3, /**< newest; a model is written as the lowest version that can hold it */
    SOUK_FACTORS_MAX = 4096,
    SOUK_SOURCES_MAX = 8,       /**< candidate sources of a two-stage model */
    SOUK_COLUMNS_MAX = 64,      /**< facts of an item */
    SOUK_ITEM_COLUMNS_MAX = 32, /**< attributes of an item */
    SOUK_ITEM_BYTES_MAX = 4096, /**< of an item's attributes, with their names */
    SOUK_MODEL_ID_BYTES = 16,   /**< hex digits of souk_model.id */
};

/** A candidate source of a two-stage model: item-to-item rows. */
struct souk_model_source {
    char name[SOUK_NAME_MAX_BYTES + 1]; /**< "ease", "covisit" */
    int64_t longest;                    /**< row of any item */
};

/** What a two-stage model has beside the users and items of every model (docs/two-stage.md). */
struct souk_model_stages {
    int source_count; /**< 0: not a two-stage model */
    struct souk_model_source sources[SOUK_SOURCES_MAX];
    int type_count;
    struct souk_event_type types[SOUK_EVENT_TYPES_MAX];
    int column_count;
    char columns[SOUK_COLUMNS_MAX][SOUK_NAME_MAX_BYTES + 1]; /**< names of the items' facts */
    struct souk_levels levels; /**< what sorts the items: categories and the like */
    char *rules_json;          /**< how sources are asked and features made; one object */
    char *forest_text;         /**< ranker in LightGBM's text format; NULL before it is trained */
    char *confidence_text;     /**< what scores say of themselves, one JSON object
                                    (docs/confidence.md); NULL: not calibrated */
};

/** How the events of a user and an item became the weight of their pair (interactions.h). */
struct souk_model_weighing {
    int type_count;                                     /**< 0: an older release did not say */
    struct souk_event_type types[SOUK_EVENT_TYPES_MAX]; /**< weights as trained with; no counts */
    enum souk_weighting weighting;
};

struct souk_model {
    char *path;                         /**< folder */
    char id[SOUK_MODEL_ID_BYTES + 1];   /**< hex digest of the manifest: the version's name */
    char kind[SOUK_NAME_MAX_BYTES + 1]; /**< "als", "svd", "ease", "covisit", "content", "category",
                                       "popular" */
    int schema, parts, id_width;
    int factors;               /**< 0: the model has none */
    int64_t neighbours;        /**< longest row of neighbours of any item, 0: the model has none */
    int64_t *user_first;       /**< [parts + 1], model rows */
    int64_t *item_first;       /**< [parts + 1] */
    struct souk_window window; /**< of the events it was trained on */
    struct souk_window data;   /**< the same, where it is open up to the dataset's first and last
                                    event; of a model of an older release until it was made */
    int64_t events;            /**< in training; -1: an older release did not say */
    uint64_t dataset_digest;
    int64_t created_ms;
    char *parameters_json; /**< as given and as resolved */
    char *metrics_json;    /**< loss by epoch and the like; may be NULL */
    char git_commit[48];
    struct souk_part_file *files; /**< [parts] */
    struct souk_categories categories;
    struct souk_model_stages stages;
    struct souk_model_weighing weighing;
};

/** Item-to-item rows of one source, as a part's neighbours. */
struct souk_source_rows {
    int64_t *offsets; /**< [items + 1] */
    int64_t *item;    /**< [entries], model item rows, ascending in a row */
    float *weight;    /**< [entries] */
};

/** On which days how many users had an item: rows of days. */
struct souk_day_rows {
    int64_t *offsets; /**< [items + 1] */
    int64_t *day;     /**< [entries], days since 1970 (UTC), ascending in a row */
    int64_t *users;   /**< [entries], > 0 */
};

/** One part in memory. Factor rows have `stride` floats, a multiple of 16, zero behind `factors`,
 *  and are aligned to 64 bytes. */
struct souk_model_part {
    int part, factors, stride;
    struct souk_idtable users, items;
    float *user_factors;        /**< [users x stride]; NULL without factors */
    int64_t *history_offsets;   /**< [users + 1] */
    int64_t *history;           /**< [pairs], model item rows, ascending in a row */
    float *history_weight;      /**< [pairs] */
    float *item_factors;        /**< [items x stride]; NULL without factors */
    int64_t *neighbour_offsets; /**< [items + 1]; NULL without neighbours */
    int64_t *neighbour;         /**< [entries], model item rows, ascending in a row: the items of a
                                     history that speak for, or against, the row's item */
    float *neighbour_weight;    /**< [entries]: an item's score is the sum of weight times
                                     history_weight over its neighbours in the user's history */
    float *popularity;          /**< [items], >= 0: score for visitors without a history */
    int64_t *item_events;       /**< [items], events in the training window */
    int32_t *category;          /**< [items], index into categories, -1 unknown; NULL: none known */
    struct souk_attributes attributes; /**< of the items: what answers tell, and filters go by */

    /* Of a two-stage model; else NULL. */
    int64_t *event_offsets; /**< [users + 1] */
    int64_t *event_item;    /**< [events], model item row; by time within a user */
    int64_t *event_ms;      /**< [events] */
    uint8_t *event_type;    /**< [events], index into the types */
    float *event_value;     /**< [events], revenue or the like; 0 where the dataset has none */
    struct souk_source_rows sources[SOUK_SOURCES_MAX];
    float *columns; /**< [column_count x items], one column behind the other; NaN: not known */
    struct souk_day_rows days;
};

enum souk_model_what {
    SOUK_MODEL_USERS = 1,
    SOUK_MODEL_ITEMS = 2,
    SOUK_MODEL_ATTRIBUTES = 4, /**< of the items, where they are read */
    SOUK_MODEL_WHOLE = 7
};

/** Floats per row for `factors`. */
static inline int souk_factor_stride(int factors)
{
    return (factors + 15) / 16 * 16;
}

/** Read and check the manifest, and that every part file is there with the size it states.
 *  @param out free with souk_model_free(); NULL on failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EINTEGRITY, SOUK_EVERSION, SOUK_EFORMAT, SOUK_ENOMEM */
souk_status souk_model_open(const char *path, struct souk_model **out,
                            struct souk_error *err) SOUK_MUST_CHECK;
void souk_model_free(struct souk_model *m);

static inline int64_t souk_model_users(const struct souk_model *m)
{
    return m->user_first[m->parts];
}
static inline int64_t souk_model_items(const struct souk_model *m)
{
    return m->item_first[m->parts];
}

/** Read one part: digest against the manifest, shapes, sorted ids of this part, rows in range and
 *  ascending, finite values; the reason names file, dataset and row.
 *  @param what bits of souk_model_what
 *  @param out  empty with souk_model_part_fini(); zeroed on failure */
souk_status souk_model_read_part(const struct souk_model *m, int part, unsigned what,
                                 struct souk_model_part *out,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_model_part_fini(struct souk_model_part *p);

/** Write one part into a staging folder, sealed and synced. Values that are not finite are refused
 *  (SOUK_ENUMERIC). Ranks call it for their own parts. @param stages NULL: not a two-stage model */
souk_status souk_model_write_part(const char *folder, int id_width,
                                  const struct souk_model_stages *stages,
                                  const struct souk_model_part *p, struct souk_part_file *file,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Write model.h5 after all parts; m->files is filled in. Sets m->id and m->git_commit. */
souk_status souk_model_write_manifest(const char *folder, struct souk_model *m,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
