/** @file
 *  Sorted lists of rows, and their small set algebra.
 */
#ifndef SOUK_DATA_ROWS_H
#define SOUK_DATA_ROWS_H

#include <stdbool.h>
#include <stdint.h>

/** Index of the first that is >= value. @param rows [count], ascending */
int64_t souk_rows_lower_bound(const int64_t *rows, int64_t count, int64_t value);

/** @param rows [count], ascending */
bool souk_rows_contain(const int64_t *rows, int64_t count, int64_t value);

/** Sort and drop what is there twice. @return how many are left */
int64_t souk_rows_unique(int64_t *rows, int64_t count);

/** Remove from rows what is in `other`; both ascending and distinct. @return how many are left */
int64_t souk_rows_subtract(int64_t *rows, int64_t count, const int64_t *other, int64_t other_count);

#endif
