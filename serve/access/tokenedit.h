/** @file
 *  Changing a tokens file: one at a time (a lock on its folder, by whoever edits with this), whole
 *  or not at all (by rename), with its comments, its order, its rights and its owner kept.
 *
 *      begin -> list, text -> append or remove -> end
 */
#ifndef SOUK_ACCESS_TOKENEDIT_H
#define SOUK_ACCESS_TOKENEDIT_H

#include "serve/access/tokenlist.h"

#include <stdbool.h>

struct souk_token_edit {
    const char *path; /**< borrowed */
    int lock;         /**< of the folder */
    char *text;       /**< as it was; "" where there is no file yet */
    struct souk_token_list list;
};

/** Lock and read. @param create whether a file that is missing counts as an empty one
 *  @param e end with souk_token_edit_end(), also after a failure
 *  @return those of souk_token_list_read(); SOUK_EUNAVAILABLE (somebody else edits), SOUK_EIO */
souk_status souk_token_edit_begin(struct souk_token_edit *e, const char *path, bool create,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Put a line at the end, and the file in place.
 *  @return SOUK_OK, SOUK_EEXIST (its name stands there), SOUK_ELIMIT, SOUK_EIO, SOUK_ENOMEM */
souk_status souk_token_edit_append(struct souk_token_edit *e, const struct souk_token_entry *entry,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** Take the line of a name out, and put the file in place.
 *  @return SOUK_OK, SOUK_ENOTFOUND (no such name), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_token_edit_remove(struct souk_token_edit *e, const char *name,
                                   struct souk_error *err) SOUK_MUST_CHECK;

void souk_token_edit_end(struct souk_token_edit *e);

#endif
