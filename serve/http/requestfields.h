/** @file
 *  The fields of requests: what they are called over HTTP and in messages, their types and ranges.
 *
 *      {"user_id": "u7", "n_items": 5}  --table-->  {"user": "u7", "n": 5}
 *
 *  A table is an array of rows that ends with a row without a name. A field that no row names is an
 *  error: who writes `exlude` would otherwise be shown what was to be left out. null is as good as
 *  absent.
 */
#ifndef SOUK_HTTP_REQUESTFIELDS_H
#define SOUK_HTTP_REQUESTFIELDS_H

#include "shared/wire/writer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum souk_field_type {
    SOUK_FIELD_ID,     /**< text, an id of 1 to 128 bytes */
    SOUK_FIELD_TEXT,   /**< text of min to max bytes */
    SOUK_FIELD_INT,    /**< whole number in [min, max] */
    SOUK_FIELD_NUMBER, /**< number in [min, max], or below max where `is_open` */
    SOUK_FIELD_BOOL,
    SOUK_FIELD_TIME, /**< milliseconds since 1970, or RFC 3339 text; becomes milliseconds */
    SOUK_FIELD_IDS,  /**< list of at most max ids */
    SOUK_FIELD_LIST, /**< list of at most max objects of the fields in `inner` */
    SOUK_FIELD_MAP,  /**< object of the fields in `inner` */
};

struct souk_field {
    const char *name; /**< over HTTP */
    const char *wire; /**< in the message */
    enum souk_field_type type;
    double min, max;
    const struct souk_field *inner;
    bool required, is_open;
};

/** What is wrong with a request, and where. */
struct souk_field_fault {
    char field[96]; /**< "events[3].timestamp"; empty: the request as a whole */
    char text[160]; /**< "must be a whole number from 1 to 1000" */
};

/** Check an object and write its fields, without the map's head.
 *  @return false: *fault says why, what was written is void */
bool souk_fields_write(const struct souk_field *table, json_t *object, struct souk_writer *w,
                       struct souk_field_fault *fault);

/** Fields that souk_fields_write() will write. */
size_t souk_fields_count(const struct souk_field *table, json_t *object);

/** A parameter of a URL as the JSON value that its field takes; a text, where it is not one.
 *  @param field NULL: not known @return NULL: no memory */
json_t *souk_field_value(const struct souk_field *field, const char *text, size_t len);

/** The row of a name; NULL: there is none. */
const struct souk_field *souk_fields_find(const struct souk_field *table, const char *name,
                                          size_t len);

/** Milliseconds since 1970 of RFC 3339 text, such as 2026-11-26T12:00:00.5+01:00. */
bool souk_time_of_text(const char *text, size_t len, int64_t *ms);

#endif
