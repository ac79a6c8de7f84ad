/** @file
 *  The token that a program shows: from a file or from the environment, never from a command line,
 *  which every user of the machine sees.
 */
#ifndef SOUK_NET_TOKENFILE_H
#define SOUK_NET_TOKENFILE_H

#include "shared/base/status.h"

#include <stdbool.h>

enum { SOUK_TOKEN_BYTES_MAX = 1024 };

/** Read a token. A file that all may read is warned of.
 *  @param path of a file, whose first word it is; NULL: the variable SOUK_TOKEN
 *  @param text [SOUK_TOKEN_BYTES_MAX + 1], "" where no file is given and the variable is not set;
 *         overwrite it when it is not needed any more, also after a failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (none in the file), SOUK_EUSAGE (too
 *          long) */
souk_status souk_token_file_read(const char *path, char *text,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
