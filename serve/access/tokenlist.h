/** @file
 *  The tokens file: who may ask for what, a token to a line. It holds no secret, only what a token
 *  is recognised by; who may write it lets in whomever he likes.
 *
 *      # NAME SCOPES EXPIRES RATE HASH
 *      shop     read,write  2027-02-24T00:00:00Z  200:400  8f3c..   RATE: requests a second : burst
 *      reports  read        -                     -        02a1..   -: never; no limit
 *
 *  Names are 1 to 64 of A-Z a-z 0-9 . _ - and stand once, as do hashes; times are UTC.
 */
#ifndef SOUK_ACCESS_TOKENLIST_H
#define SOUK_ACCESS_TOKENLIST_H

#include "serve/access/tokensecret.h"
#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SOUK_TOKEN_NAME_MAX = 64,
    SOUK_TOKENS_MAX = 4096, /**< in a file */
    SOUK_TOKENS_FILE_BYTES_MAX = 1 << 20,
    SOUK_TOKEN_LINE_MAX = 256, /**< bytes of a line that souk_token_entry_format() writes */
};

struct souk_token_entry {
    char name[SOUK_TOKEN_NAME_MAX + 1];
    unsigned scopes;   /**< of enum souk_scope, or'ed */
    int64_t expires_s; /**< since 1970, from then on it is not taken; INT64_MAX: never */
    double rate;       /**< requests a second; 0: no limit */
    int64_t burst;     /**< requests at once; 0 without a rate */
    struct souk_token_digest digest;
    int line; /**< of the file */
};

struct souk_token_list {
    struct souk_token_entry *entries; /**< [count], in the order in which they stand */
    int count;
    size_t room;
};

/** The parts of a line, also for command lines. @return SOUK_OK, SOUK_EUSAGE */
souk_status souk_token_name_check(const char *name, struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_token_scopes_parse(const char *text, unsigned *scopes,
                                    struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_token_rate_parse(const char *text, double *rate, int64_t *burst,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** @param text [24]: "read,write" */
void souk_token_scopes_format(unsigned scopes, char *text);

/** The line of an entry, with its newline. @param text [SOUK_TOKEN_LINE_MAX] */
void souk_token_entry_format(const struct souk_token_entry *e, char *text);

/** Parse the text of a file. @param name of the file, for messages: `tokens:3: ...`
 *  @param list free with souk_token_list_fini(), also after a failure
 *  @return SOUK_OK, SOUK_EFORMAT, SOUK_ENOMEM */
souk_status souk_token_list_parse(const char *name, const char *text, struct souk_token_list *list,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Read the text of a file that only its owner, us or root, may write, and that is not open to all:
 *  a group may read it. @param text out, ended by NUL, free()
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EINVAL (rights or owner), SOUK_EFORMAT (too long, no
 * text), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_token_text_read(const char *path, char **text,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Both. */
souk_status souk_token_list_read(const char *path, struct souk_token_list *list,
                                 struct souk_error *err) SOUK_MUST_CHECK;

void souk_token_list_fini(struct souk_token_list *list);

/** @return its index; -1: none has the name */
int souk_token_list_find(const struct souk_token_list *list, const char *name);

#endif
