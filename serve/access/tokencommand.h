/** @file
 *  The commands of souk-token.
 */
#ifndef SOUK_ACCESS_TOKENCOMMAND_H
#define SOUK_ACCESS_TOKENCOMMAND_H

#include "shared/base/status.h"

/** What the command line says. */
struct souk_token_command {
    const char *path;    /**< of the tokens */
    const char *name;    /**< NULL: of `list` and `check` */
    const char *scopes;  /**< "read,write" */
    const char *expires; /**< "90d", a time, or "never" */
    const char *rate;    /**< "100", "100:200"; NULL: no limit */
};

/** Make a token, put its hash into the file, then print it.
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_EEXIST, and those of tokenedit.h */
souk_status souk_token_command_add(const struct souk_token_command *c,
                                   struct souk_error *err) SOUK_MUST_CHECK;

souk_status souk_token_command_list(const struct souk_token_command *c,
                                    struct souk_error *err) SOUK_MUST_CHECK;

souk_status souk_token_command_revoke(const struct souk_token_command *c,
                                      struct souk_error *err) SOUK_MUST_CHECK;

/** Read a token from standard input and say whose it is.
 *  @return SOUK_OK, SOUK_EFORMAT (unknown, or expired), and those of tokenlist.h */
souk_status souk_token_command_check(const struct souk_token_command *c,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
