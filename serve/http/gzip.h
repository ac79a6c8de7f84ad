/** @file
 *  gzip of one answer, by zlib at its fastest: an answer is a few KiB and is sent once.
 */
#ifndef SOUK_HTTP_GZIP_H
#define SOUK_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>

enum { SOUK_GZIP_LEAST = 1024 }; /**< bytes below which it is not worth the time */

/** @param out grows as needed, with [*cap] bytes @return its length, 0: it did not become shorter
 */
size_t souk_gzip(const void *bytes, size_t len, bool is_best, char **out, size_t *cap);

#endif
