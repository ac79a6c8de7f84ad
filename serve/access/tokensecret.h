/** @file
 *  What a token is: 32 random bytes, and how they are told apart without being kept.
 *
 *      souk_ + base64url of the bytes     what a client has; nobody else keeps it
 *      BLAKE2b-256 of that text           what the server keeps (libsodium's crypto_generichash)
 *
 *  A slow hash (Argon2) guards passwords, for people choose those from few. Nobody searches 2^256
 *  random secrets, however fast each try is: a fast hash serves: a check costs less than half a
 * microsecond. The prefix lets scanners for leaked secrets find tokens in files and logs.
 */
#ifndef SOUK_ACCESS_TOKENSECRET_H
#define SOUK_ACCESS_TOKENSECRET_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>

#define SOUK_TOKEN_PREFIX "souk_"

enum {
    SOUK_TOKEN_TEXT = 48,   /**< bytes of a token: the prefix and 43 */
    SOUK_TOKEN_DIGEST = 32, /**< bytes */
    SOUK_TOKEN_HEX = 64,    /**< digits of a digest */
};

struct souk_token_digest {
    unsigned char bytes[SOUK_TOKEN_DIGEST];
};

/** Get libsodium ready; again does no harm. @return SOUK_OK, SOUK_EUNAVAILABLE (no random source)
 */
souk_status souk_token_prepare(struct souk_error *err) SOUK_MUST_CHECK;

/** A new token. @param text [SOUK_TOKEN_TEXT + 1]; wipe it with souk_token_wipe() */
void souk_token_make(char *text);

/** Overwrite a secret where it lay, though nobody reads it any more. */
void souk_token_wipe(void *secret, size_t size);

/** @return false: nothing that souk_token_make() could have made, by its length or its prefix */
bool souk_token_digest(const char *text, size_t len, struct souk_token_digest *out);

/** Takes the same time wherever they differ. */
bool souk_token_digest_equal(const struct souk_token_digest *a, const struct souk_token_digest *b);

/** @param text [SOUK_TOKEN_HEX + 1] */
void souk_token_digest_format(const struct souk_token_digest *d, char *text);

/** @return false: not 64 hex digits */
bool souk_token_digest_parse(const char *text, struct souk_token_digest *out);

#endif
