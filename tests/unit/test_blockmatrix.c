/* Where ScaLAPACK keeps the elements of a matrix, and what it cannot hold. */
#include "train/linear/blockmatrix.h"

#include <criterion/criterion.h>
#include <string.h>

Test(blockmatrix, a_grid_has_all_ranks_and_is_as_square_as_they_allow)
{
    static const int ranks[] = {1, 2, 3, 4, 5, 6, 12, 16, 17, 18, 64};
    static const int rows[] = {1, 1, 1, 2, 1, 2, 3, 4, 1, 3, 8};
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++) {
        int r = 0, c = 0;
        souk_grid_shape(ranks[i], &r, &c);
        cr_assert_eq(r, rows[i], "%d ranks: %d rows", ranks[i], r);
        cr_assert_eq(r * c, ranks[i]);
    }
}

/* By dealing out the rows one by one. */
Test(blockmatrix, every_row_has_one_place)
{
    for (int64_t n = 0; n < 40; n++) {
        for (int64_t block = 1; block < 9; block += 2) {
            for (int processes = 1; processes < 6; processes++) {
                int64_t held[6] = {0};
                for (int64_t row = 0; row < n; row++) {
                    const int owner = souk_block_owner(row, block, processes);
                    const int64_t local = souk_block_local(row, block, processes);
                    cr_assert_eq(local, held[owner]++);
                    cr_assert_eq(souk_block_global(local, block, owner, processes), row);
                }
                for (int at = 0; at < processes; at++)
                    cr_assert_eq(souk_block_count(n, block, at, processes), held[at]);
            }
        }
    }
}

Test(blockmatrix, counts_are_64_bit)
{
    cr_assert_eq(souk_block_count(INT64_C(6000000000), 64, 0, 1), INT64_C(6000000000));
    cr_assert_eq(souk_blockmatrix_bytes(100000, 100000, 64, 1), INT64_C(80000000000));
    cr_assert_eq(souk_blockmatrix_bytes(INT64_MAX / 4, INT64_MAX / 4, 64, 1), INT64_MAX);
}

Test(blockmatrix, a_local_block_beyond_31_bits_is_refused_with_the_ranks_that_would_do)
{
    struct souk_error err;
    cr_assert_eq(souk_blockmatrix_check(46336, 46336, 64, 1, &err), SOUK_OK);
    cr_assert_eq(souk_blockmatrix_check(46400, 46400, 64, 1, &err), SOUK_ELIMIT);
    cr_assert_not_null(strstr(err.msg, "2 ranks would do"), "%s", err.msg);
    cr_assert_eq(souk_blockmatrix_ranks(46400, 46400, 64), 2);
    cr_assert_eq(souk_blockmatrix_check(46400, 46400, 64, 2, &err), SOUK_OK);
    const int ranks = souk_blockmatrix_ranks(1000000, 1000000, 64);
    cr_assert_eq(souk_blockmatrix_check(1000000, 1000000, 64, ranks, &err), SOUK_OK);
    for (int fewer = 1; fewer < ranks; fewer++)
        cr_assert_eq(souk_blockmatrix_check(1000000, 1000000, 64, fewer, &err), SOUK_ELIMIT);
}

Test(blockmatrix, more_rows_than_31_bits_are_refused_on_any_ranks)
{
    struct souk_error err;
    cr_assert_eq(souk_blockmatrix_ranks(INT64_C(3000000000), 10, 64), 0);
    cr_assert_eq(souk_blockmatrix_check(INT64_C(3000000000), 10, 64, 64, &err), SOUK_ELIMIT);
    cr_assert_not_null(strstr(err.msg, "more than ScaLAPACK can hold"), "%s", err.msg);
}
