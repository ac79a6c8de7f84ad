/** @file
 *  Identifiers of users and items: opaque texts of 1 to 128 bytes (DESIGN.md, Identifiers).
 */
#ifndef SOUK_BASE_IDENTIFIER_H
#define SOUK_BASE_IDENTIFIER_H

#include <stdbool.h>
#include <stddef.h>

enum { SOUK_ID_MAX_BYTES = 128 };

/** Whether these bytes are an id: 1 to 128 bytes of valid UTF-8 without control characters. */
bool souk_id_is_valid(const char *id, size_t len);

/** Bytes of the UTF-8 sequence that starts here (Unicode 15, table 3-7); 0: it is none.
 *  @param left bytes, > 0 */
size_t souk_utf8_sequence(const char *text, size_t left);

/** Whether these bytes are valid UTF-8 without NUL; none at all are. */
bool souk_text_is_utf8(const char *text, size_t len);

/** Whether these bytes are valid UTF-8 without control characters, of any length. */
bool souk_text_is_plain(const char *text, size_t len);

#endif
