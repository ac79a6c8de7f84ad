/** @file
 *  An array as a parameter of a statement, in PostgreSQL's binary form: no text to quote, nothing
 * to parse on the other side.
 *
 *      int32 dimensions (1)  int32 has NULLs (0)  int32 type  int32 count  int32 first index (1)
 *      count x [ int32 length, bytes ]                           all in network order
 *
 *  Source: array_recv() in PostgreSQL's documentation of its binary formats; the types' own forms
 * are those of their send functions (text: bytes; bigint, float8: 8 bytes).
 */
#ifndef SOUK_EVENTS_POSTGRESARRAY_H
#define SOUK_EVENTS_POSTGRESARRAY_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Object ids that every PostgreSQL has (pg_type.dat). */
enum souk_postgres_type {
    SOUK_POSTGRES_BIGINT = 20,
    SOUK_POSTGRES_TEXT = 25,
    SOUK_POSTGRES_FLOAT8 = 701,
};

/** Reused from group to group. Zeroed: empty. */
struct souk_postgres_array {
    char *bytes;
    size_t size, capacity;
    bool lost; /**< there was no memory: what is in it is not whole */
};

/** Begin anew. */
void souk_postgres_array_begin(struct souk_postgres_array *a, enum souk_postgres_type type,
                               int count);
void souk_postgres_array_add_text(struct souk_postgres_array *a, const char *text);
void souk_postgres_array_add_bigint(struct souk_postgres_array *a, int64_t value);
void souk_postgres_array_add_float8(struct souk_postgres_array *a, double value);
void souk_postgres_array_fini(struct souk_postgres_array *a);

#endif
