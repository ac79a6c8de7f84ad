#include "shared/data/rows.h"

#include <stdlib.h>

int64_t souk_rows_lower_bound(const int64_t *rows, int64_t count, int64_t value)
{
    int64_t low = 0, high = count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (rows[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool souk_rows_contain(const int64_t *rows, int64_t count, int64_t value)
{
    const int64_t at = souk_rows_lower_bound(rows, count, value);
    return at < count && rows[at] == value;
}

static int compare_rows(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t souk_rows_unique(int64_t *rows, int64_t count)
{
    int64_t kept = 0;
    if (count > 1)
        qsort(rows, (size_t)count, sizeof *rows, compare_rows);
    for (int64_t i = 0; i < count; i++) {
        if (kept == 0 || rows[i] != rows[kept - 1])
            rows[kept++] = rows[i];
    }
    return kept;
}

int64_t souk_rows_subtract(int64_t *rows, int64_t count, const int64_t *other, int64_t other_count)
{
    int64_t kept = 0, o = 0;
    for (int64_t i = 0; i < count; i++) {
        while (o < other_count && other[o] < rows[i])
            o++;
        if (o == other_count || other[o] != rows[i])
            rows[kept++] = rows[i];
    }
    return kept;
}
