#include "serve/access/tokensecret.h"

#include <sodium.h>
#include <string.h>

enum { SECRET_BYTES = 32 };

souk_status souk_token_prepare(struct souk_error *err)
{
    return sodium_init() >= 0 ? SOUK_OK
                              : souk_fail(err, SOUK_EUNAVAILABLE,
                                          "libsodium does not start: no source of random bytes");
}

void souk_token_make(char *text)
{
    unsigned char secret[SECRET_BYTES];
    const size_t prefix = sizeof SOUK_TOKEN_PREFIX - 1;
    randombytes_buf(secret, sizeof secret);
    memcpy(text, SOUK_TOKEN_PREFIX, prefix);
    sodium_bin2base64(text + prefix, SOUK_TOKEN_TEXT + 1 - prefix, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
}

void souk_token_wipe(void *secret, size_t size)
{
    sodium_memzero(secret, size);
}

bool souk_token_digest(const char *text, size_t len, struct souk_token_digest *out)
{
    if (len != SOUK_TOKEN_TEXT ||
        memcmp(text, SOUK_TOKEN_PREFIX, sizeof SOUK_TOKEN_PREFIX - 1) != 0)
        return false;
    return crypto_generichash(out->bytes, sizeof out->bytes, (const unsigned char *)text, len, NULL,
                              0) == 0;
}

bool souk_token_digest_equal(const struct souk_token_digest *a, const struct souk_token_digest *b)
{
    return sodium_memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void souk_token_digest_format(const struct souk_token_digest *d, char *text)
{
    sodium_bin2hex(text, SOUK_TOKEN_HEX + 1, d->bytes, sizeof d->bytes);
}

bool souk_token_digest_parse(const char *text, struct souk_token_digest *out)
{
    size_t len = 0;
    return strlen(text) == SOUK_TOKEN_HEX &&
           sodium_hex2bin(out->bytes, sizeof out->bytes, text, SOUK_TOKEN_HEX, NULL, &len, NULL) ==
               0 &&
           len == sizeof out->bytes;
}
