#include "shared/base/memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(memory, refuses_a_product_that_does_not_fit)
{
    size_t bytes = 7;
    cr_assert_not(souk_mul_size(SIZE_MAX / 2, 3, &bytes));
    cr_assert_eq(bytes, 7u);
    cr_assert(souk_mul_size(6, 7, &bytes));
    cr_assert_eq(bytes, 42u);
    cr_assert_null(souk_alloc_array(SIZE_MAX / 4, 8));
    cr_assert_null(souk_zalloc_array(SIZE_MAX / 4, 8));
    cr_assert_null(souk_alloc_aligned(SIZE_MAX / 4, 8));
    cr_assert_null(souk_alloc_aligned(SIZE_MAX - 1, 1));
}

Test(memory, gives_an_array_of_nothing)
{
    void *arrays[] = {souk_alloc_array(0, 8), souk_zalloc_array(0, 8), souk_alloc_aligned(0, 8)};
    for (int i = 0; i < 3; i++) {
        cr_assert_not_null(arrays[i]);
        free(arrays[i]);
    }
}

Test(memory, aligns_and_zeroes)
{
    for (size_t count = 1; count < 200; count += 13) {
        unsigned char *array = souk_alloc_aligned(count, 3);
        cr_assert_eq((uintptr_t)array % SOUK_ALIGNMENT, 0u);
        for (size_t i = 0; i < count * 3; i++)
            cr_assert_eq(array[i], 0);
        free(array);
    }
}

Test(memory, grows_and_keeps_what_is_there)
{
    int *array = NULL;
    size_t cap = 0;
    int grown = 0;
    for (int i = 0; i < 10000; i++) {
        const size_t before = cap;
        cr_assert_eq(souk_grow(&array, &cap, (size_t)i + 1, 10000, sizeof *array), SOUK_OK);
        cr_assert_geq(cap, (size_t)i + 1);
        grown += cap != before;
        array[i] = i;
    }
    for (int i = 0; i < 10000; i++)
        cr_assert_eq(array[i], i);
    cr_assert_lt(grown, 25); /* geometric: not a copy per element */
    cr_assert_eq(cap, 10000u);
    free(array);
}

Test(memory, leaves_the_array_alone_when_it_cannot_grow)
{
    int *array = NULL;
    size_t cap = 0;
    cr_assert_eq(souk_grow(&array, &cap, 4, 8, sizeof *array), SOUK_OK);
    int *const before = array;
    const size_t cap_before = cap;
    cr_assert_eq(souk_grow(&array, &cap, 9, 8, sizeof *array), SOUK_ELIMIT);
    cr_assert_eq(souk_grow(&array, &cap, SIZE_MAX / 2, SIZE_MAX, sizeof *array), SOUK_ENOMEM);
    cr_assert_eq(array, before);
    cr_assert_eq(cap, cap_before);
    free(array);
}

Test(memory, copies_a_prefix)
{
    char *copy = souk_strndup("catalogue", 3);
    cr_assert_str_eq(copy, "cat");
    free(copy);
    copy = souk_strndup("", 0);
    cr_assert_str_eq(copy, "");
    free(copy);
}
