/** @file
 *  What is known of an item, as tokens: 64-bit hashes of (kind, field, text), so that no rank needs
 *  another's dictionary.
 *
 *      text       "FRUIT - SHELF STABLE"   the whole value, and its words: fruit shelf stable
 *      number     12.5                     the number, and its bin: floor(2 log2 |x|), half octaves
 *      property   "n12.000 170139"         RetailRocket's: a number, and a hashed word
 *      category   a node of the tree       itself, and all above it
 *
 *  Letters are those of ASCII in lower case, digits, and every byte of a longer UTF-8 character.
 */
#ifndef SOUK_CONTENT_ITEMTOKEN_H
#define SOUK_CONTENT_ITEMTOKEN_H

#include "shared/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SOUK_TOKEN_MAX_BYTES = 256 }; /**< of a word or a value; what is behind does not count */

/** Tokens as they come, one for each occurrence. Zero it at first, free(token) at last. */
struct souk_token_list {
    uint64_t *token;
    size_t count, cap;
};

/** @param field name of the attribute. Empty texts and NaN add nothing. @return SOUK_OK,
 * SOUK_ENOMEM
 */
souk_status souk_token_add_text(struct souk_token_list *list, const char *field, const char *text,
                                size_t len) SOUK_MUST_CHECK;
souk_status souk_token_add_number(struct souk_token_list *list, const char *field,
                                  double value) SOUK_MUST_CHECK;
souk_status souk_token_add_property(struct souk_token_list *list, const char *property,
                                    const char *value, size_t len) SOUK_MUST_CHECK;
souk_status souk_token_add_category(struct souk_token_list *list, const char *id) SOUK_MUST_CHECK;

#endif
