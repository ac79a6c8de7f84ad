#include "shared/base/random.h"
#include "shared/data/rows.h"

#include <criterion/criterion.h>

enum { MANY = 60, VALUES = 40 };

static int64_t fill(int64_t *rows, bool *has, uint64_t seed)
{
    const int64_t count = (int64_t)(souk_random_bits(seed, 0, 0) % MANY);
    for (int v = 0; v < VALUES; v++)
        has[v] = false;
    for (int64_t i = 0; i < count; i++) {
        rows[i] = (int64_t)(souk_random_bits(seed, 1, (uint64_t)i) % VALUES);
        has[rows[i]] = true;
    }
    return count;
}

static void expect_members(const int64_t *rows, int64_t count, const bool *has)
{
    int64_t at = 0;
    for (int64_t v = 0; v < VALUES; v++) {
        cr_expect_eq(souk_rows_contain(rows, count, v), has[v]);
        cr_expect_eq(souk_rows_lower_bound(rows, count, v), at);
        if (has[v])
            cr_expect_eq(rows[at++], v);
    }
    cr_expect_eq(at, count);
}

Test(rows, unique_sorts_and_drops_repetitions)
{
    int64_t rows[MANY];
    bool has[VALUES];
    for (uint64_t seed = 0; seed < 100; seed++) {
        const int64_t count = fill(rows, has, seed);
        expect_members(rows, souk_rows_unique(rows, count), has);
    }
}

Test(rows, subtract_keeps_what_is_in_the_first_only)
{
    int64_t a[MANY], b[MANY];
    bool in_a[VALUES], in_b[VALUES];
    for (uint64_t seed = 0; seed < 100; seed++) {
        const int64_t a_count = souk_rows_unique(a, fill(a, in_a, seed));
        const int64_t b_count = souk_rows_unique(b, fill(b, in_b, seed + 1000));
        for (int v = 0; v < VALUES; v++)
            in_a[v] = in_a[v] && !in_b[v];
        expect_members(a, souk_rows_subtract(a, a_count, b, b_count), in_a);
    }
}
