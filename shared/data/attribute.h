/** @file
 *  Typed columns of what is known of items or users, as datasets and models hold them.
 *
 *      /GROUP/attribute_names           [{"name": ..., "number": true or false}, ...]
 *      /GROUP/attributes/K/number       float64 [rows], NaN where missing
 *      /GROUP/attributes/K/length, text int64 [rows], bytes: an empty text is a missing one
 */
#ifndef SOUK_DATA_ATTRIBUTE_H
#define SOUK_DATA_ATTRIBUTE_H

#include "shared/base/status.h"
#include "shared/data/h5file.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUK_NAME_MAX_BYTES = 64, /**< of an event type, an attribute, a property */
    SOUK_ATTRIBUTES_MAX = 256,
};

enum souk_attribute_type { SOUK_ATTRIBUTE_NUMBER, SOUK_ATTRIBUTE_TEXT };
struct souk_attribute {
    char name[SOUK_NAME_MAX_BYTES + 1];
    enum souk_attribute_type type;
    double *numbers;       /**< NUMBER: [rows], NaN where missing */
    int64_t *text_offsets; /**< TEXT: [rows + 1], into text_bytes; an empty text is a missing one */
    char *text_bytes;
};

/** Columns of the same rows. */
struct souk_attributes {
    int count;
    struct souk_attribute *of; /**< [count] */
};
void souk_attributes_fini(struct souk_attributes *a);

/** The text of a row; NULL: a number, or missing. */
const char *souk_attribute_text(const struct souk_attribute *a, int64_t row, size_t *len);

/** Keep some of the rows, in their order. @param keep [rows] */
void souk_attribute_keep(struct souk_attribute *a, int64_t rows, const bool *keep);

/** Write; nothing where there is no column. @param group "items" */
souk_status souk_attributes_write(struct souk_h5 *h5, const char *group,
                                  const struct souk_attributes *a, int64_t rows,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Read what was written; none where the group has no columns.
 *  @param path for messages @param a empty with souk_attributes_fini(), also on failure
 *  @return SOUK_OK, SOUK_EFORMAT, SOUK_EINTEGRITY, SOUK_ENOMEM */
souk_status souk_attributes_read(struct souk_h5 *h5, const char *path, const char *group,
                                 int64_t rows, struct souk_attributes *a,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
