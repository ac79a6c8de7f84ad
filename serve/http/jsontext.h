/** @file
 *  JSON as text, written from front to back into a buffer that is used again and again.
 *
 *  Commas are put where they belong; the writer says where objects and lists begin and end. A
 *  number is the shortest text that reads back as the same one, so that a score over HTTP is the
 *  score over nng.
 */
#ifndef SOUK_HTTP_JSONTEXT_H
#define SOUK_HTTP_JSONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOUK_JSON_TEXT_MAX = 32 << 20 }; /**< bytes; beyond it the text has failed */

struct souk_json_text {
    char *at;
    size_t len, cap;
    bool wants_comma, failed; /**< failed: no memory, or too long */
};

/** Empty it, keep its memory. A zeroed one is empty. */
void souk_json_text_clear(struct souk_json_text *t);
void souk_json_text_fini(struct souk_json_text *t);

void souk_json_text_open(struct souk_json_text *t, char bracket);  /**< '{' or '[' */
void souk_json_text_close(struct souk_json_text *t, char bracket); /**< '}' or ']' */
void souk_json_text_key(struct souk_json_text *t, const char *key, size_t len);

/** A text. Bytes that are no UTF-8 become U+FFFD. */
void souk_json_text_string(struct souk_json_text *t, const char *text, size_t len);
void souk_json_text_int(struct souk_json_text *t, int64_t value);
void souk_json_text_bool(struct souk_json_text *t, bool value);
void souk_json_text_null(struct souk_json_text *t);

/** Finite ones; what is not becomes null. */
void souk_json_text_float(struct souk_json_text *t, float value);
void souk_json_text_real(struct souk_json_text *t, double value);

#endif
