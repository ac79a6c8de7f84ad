/** @file
 *  From a record to an event: what the columns of a known file mean.
 *
 *      header --souk_layout_bind--> which column plays which role --format->read--> event or
 * reasons
 *
 *  A new format is one more format_<name>.c with a table of columns and a read function.
 */
#ifndef SOUK_INGEST_FORMAT_H
#define SOUK_INGEST_FORMAT_H

#include "shared/data/csv.h"
#include "shared/data/dataset.h"
#include "train/ingest/eventtypes.h"
#include "train/ingest/fieldtext.h"
#include "train/ingest/rejects.h"
#include "train/ingest/source.h"

#include <stdint.h>

enum souk_role {
    SOUK_ROLE_USER,
    SOUK_ROLE_ITEM,
    SOUK_ROLE_TIME,
    SOUK_ROLE_EVENT,
    SOUK_ROLE_VALUE,
    SOUK_ROLE_ORDER,
    SOUK_ROLE_QUANTITY,
    SOUK_ROLE_PRICE,
    SOUK_ROLE_EVENT_ID,
    SOUK_ROLES
};

/** Which field of a record plays a role, -1 where none does. */
struct souk_layout {
    int column[SOUK_ROLES];
    int column_count;
};

/** An event as its row tells it. The texts point into the record. */
struct souk_event_row {
    struct souk_csv_field user, item;
    struct souk_csv_field order;    /**< empty: no order */
    struct souk_csv_field event_id; /**< empty: none */
    int64_t time_ms;
    double value; /**< 0 where there is none */
    uint8_t type;
    struct souk_csv_field fault; /**< the field at fault, where there are reasons */
};

struct souk_format;

/** How rows are read: constant while a file is. */
struct souk_reading {
    const struct souk_format *format;
    struct souk_layout layout;
    const struct souk_event_types *types;
    enum souk_time_unit time_unit;
};

struct souk_format {
    const char *name;
    const char *column[SOUK_ROLES]; /**< names in the header, NULL where the format has none */
    unsigned optional;              /**< 1 << role: a file may lack the column */
    const char *event_weights;      /**< types and their default weights */
    bool open_types;                /**< --event-weights may name types of its own */
    enum souk_time_unit time_unit;
    enum souk_weighting weighting;
    /** Read a record that has as many fields as the header.
     *  @return 0, or reasons (1 << souk_reject): the row is none. Ids are not checked here. */
    unsigned (*read)(const struct souk_reading *how, const struct souk_csv_field *fields,
                     struct souk_event_row *row);
};

extern const struct souk_format souk_format_retailrocket;
extern const struct souk_format souk_format_onlineretail;
extern const struct souk_format souk_format_csv; /**< columns are filled in from flags */

/** Find the format's columns in a header.
 *  @return SOUK_OK, SOUK_EFORMAT (names the column that is missing) */
souk_status souk_layout_bind(const struct souk_format *format, const struct souk_source *source,
                             struct souk_layout *layout, struct souk_error *err) SOUK_MUST_CHECK;

/** Read any record: what all formats have in common, then format->read. Reasons as there. */
unsigned souk_format_read(const struct souk_reading *how, const struct souk_record *record,
                          struct souk_event_row *row);

#endif
