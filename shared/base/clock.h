/** @file
 *  Time: a monotonic clock for durations and deadlines, the wall clock for events, and the
 *  calendar between milliseconds and text. All times are UTC.
 */
#ifndef SOUK_BASE_CLOCK_H
#define SOUK_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUK_MS_PER_DAY INT64_C(86400000)

/** The day of a time, counted from 1970-01-01 (UTC); negative before. */
static inline int64_t souk_day_of_ms(int64_t ms)
{
    return ms / SOUK_MS_PER_DAY - (ms % SOUK_MS_PER_DAY < 0);
}

/** Monotonic, for differences only. */
int64_t souk_monotonic_us(void);

/** Milliseconds since 1970-01-01T00:00:00Z. */
int64_t souk_wall_ms(void);

/** Parse `2011-11-09`, `2011-11-09 08:26`, `2011-11-09 08:26:00[.123]`, with `T` for the space and
 *  an optional `Z`. Years 1 to 9999; a day or a time that does not exist is refused.
 *  @return false when it is none of these; *ms is then untouched */
bool souk_time_parse(const char *text, size_t len, int64_t *ms);

/** Write `2011-11-09T08:26:00.000Z` (24 bytes and a NUL). @param text [25] */
void souk_time_format(int64_t ms, char text[25]);

#endif
