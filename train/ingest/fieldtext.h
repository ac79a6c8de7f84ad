/** @file
 *  Numbers and times in fields of text that no NUL ends. Blanks around a number are allowed; NaN
 * and infinity are not numbers. Souk's programs stay in the C locale.
 */
#ifndef SOUK_INGEST_FIELDTEXT_H
#define SOUK_INGEST_FIELDTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum souk_time_unit {
    SOUK_TIME_UNIT_AUTO, /**< by magnitude: below 1e11 seconds, below 1e14 ms, else us; or ISO text
                          */
    SOUK_TIME_UNIT_S,
    SOUK_TIME_UNIT_MS,
    SOUK_TIME_UNIT_US,
};

/** A decimal integer with an optional sign. @return false when it is none, or does not fit */
bool souk_parse_integer(const char *text, size_t len, int64_t *value);

/** A finite decimal number such as `-12.5` or `1e3`, correctly rounded. */
bool souk_parse_decimal(const char *text, size_t len, double *value);

/** Whether a time lies in the years 1 to 9999. */
bool souk_time_is_known(int64_t ms);

/** A time as a number in this unit (a fraction is fine), or as souk_time_parse() takes it.
 *  @return false when it is neither, or outside of the years 1 to 9999 */
bool souk_parse_time(const char *text, size_t len, enum souk_time_unit unit, int64_t *ms);

#endif
