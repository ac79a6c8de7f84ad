/** @file
 *  What stands in a URL: percent-encoded UTF-8, and the parameters behind its `?`.
 *
 *      /similar/caf%C3%A9?n=5&category=a%2Fb  ->  "café"; n = "5", category = "a/b"
 *
 *  Nothing here is trusted. A byte 0, a control character or what is no UTF-8 is refused, encoded
 * or not: none of it can be part of an id.
 */
#ifndef SOUK_HTTP_PERCENTCODE_H
#define SOUK_HTTP_PERCENTCODE_H

#include <stdbool.h>
#include <stddef.h>

/** Decode in place; a `+` stays one in a path and is a space in a query.
 *  @param text [*len], which becomes shorter or stays
 *  @return NULL, or what is wrong: "is not percent-encoded UTF-8" */
const char *souk_percent_decode(char *text, size_t *len, bool is_query);

/** The next parameter of a query, taken apart in place and decoded.
 *  @param rest what is left of the query, NUL-terminated; moves on
 *  @return false: there is none any more; *wrong says so where it cannot be decoded */
bool souk_query_next(char **rest, const char **name, size_t *name_len, const char **value,
                     size_t *value_len, const char **wrong);

#endif
