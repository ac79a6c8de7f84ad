/** @file
 *  Sizes of query groups, one a line, from the file beside the rows.
 */
#ifndef SOUK_RANKER_GROUPSIZES_H
#define SOUK_RANKER_GROUPSIZES_H

#include "shared/base/status.h"

#include <stdint.h>

/** First rows of all groups. @param first [*groups + 1] from 0, owned by the caller, free(); NULL
 *  where there is no such file, which is SOUK_OK
 *  @return SOUK_OK, SOUK_EIO, SOUK_EFORMAT, SOUK_ENOMEM */
souk_status souk_groupsizes_read(const char *path, int64_t **first, int64_t *groups,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
