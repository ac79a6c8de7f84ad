#include "train/ingest/dictionary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static souk_lidx add(struct souk_dictionary *d, const char *id)
{
    souk_lidx index = -1;
    cr_assert_eq(souk_dictionary_add(d, id, strlen(id), &index, NULL), SOUK_OK);
    return index;
}

static bool has(const struct souk_dictionary *d, souk_lidx index, const char *id)
{
    size_t len;
    const char *text = souk_dictionary_text(d, index, &len);
    return len == strlen(id) && memcmp(text, id, len) == 0;
}

Test(dictionary, numbers_ids_in_the_order_of_arrival)
{
    struct souk_dictionary d;
    cr_assert_eq(souk_dictionary_init(&d, "user", NULL), SOUK_OK);
    cr_expect_eq(add(&d, "b"), 0);
    cr_expect_eq(add(&d, "a"), 1);
    cr_expect_eq(add(&d, "b"), 0);
    cr_expect_eq(d.count, (size_t)2);
    cr_expect_eq(souk_dictionary_find(&d, "a", 1), 1);
    cr_expect_eq(souk_dictionary_find(&d, "c", 1), -1);
    cr_expect_eq(souk_dictionary_find(&d, "", 0), -1);
    souk_dictionary_fini(&d);
}

/* Ids of 1 to 40 bytes that differ in one byte, or in length alone. */
static void make_id(char *id, int n)
{
    const int len = n % 40 + 1;
    memset(id, 'x', (size_t)len);
    id[len] = '\0';
    if (n / 40 % 2)
        id[n / 80 % len] = (char)('A' + n / 3200 % 26);
}

Test(dictionary, tells_ids_apart_as_comparing_them_does)
{
    enum { IDS = 3000 };
    static char ids[IDS][64];
    souk_lidx expected[IDS];
    struct souk_dictionary d;
    souk_lidx next = 0;
    cr_assert_eq(souk_dictionary_init(&d, "item", NULL), SOUK_OK);
    for (int n = 0; n < IDS; n++) {
        make_id(ids[n], n * 7);
        expected[n] = -1;
        for (int k = 0; k < n && expected[n] < 0; k++)
            if (strcmp(ids[k], ids[n]) == 0)
                expected[n] = expected[k];
        if (expected[n] < 0)
            expected[n] = next++;
        cr_assert_eq(add(&d, ids[n]), expected[n]);
    }
    for (int n = 0; n < IDS; n++) {
        const size_t len = strlen(ids[n]);
        const uint64_t asked = souk_dictionary_ask(&d, ids[n], len);
        cr_assert_eq(souk_dictionary_answer(&d, asked, ids[n], len), expected[n]);
        cr_assert(has(&d, expected[n], ids[n]));
    }
    souk_dictionary_fini(&d);
}

Test(dictionary, grows_over_many_integers)
{
    struct souk_dictionary d;
    char id[16];
    cr_assert_eq(souk_dictionary_init(&d, "user", NULL), SOUK_OK);
    for (int n = 0; n < 200000; n++) {
        snprintf(id, sizeof id, "%d", n);
        cr_assert_eq(add(&d, id), n);
    }
    for (int n = 0; n < 200000; n += 97) {
        snprintf(id, sizeof id, "%d", n);
        cr_assert_eq(souk_dictionary_find(&d, id, strlen(id)), n);
    }
    cr_expect_eq(d.longest, (uint32_t)6);
    souk_dictionary_fini(&d);
}

Test(dictionary, refuses_what_is_no_id_and_keeps_nothing_of_it)
{
    struct souk_dictionary d;
    struct souk_error err = {0};
    souk_lidx index;
    char id[129];
    memset(id, 'x', sizeof id);
    cr_assert_eq(souk_dictionary_init(&d, "user", NULL), SOUK_OK);
    cr_expect_eq(souk_dictionary_add(&d, "", 0, &index, &err), SOUK_EFORMAT);
    cr_expect_eq(souk_dictionary_add(&d, id, 129, &index, &err), SOUK_EFORMAT);
    cr_expect_eq(souk_dictionary_add(&d, "a\0b", 3, &index, &err), SOUK_EFORMAT);
    cr_expect_eq(souk_dictionary_add(&d, "\xff", 1, &index, &err), SOUK_EFORMAT);
    cr_expect_eq(d.count, (size_t)0);
    cr_expect_eq(souk_dictionary_add(&d, id, 128, &index, &err), SOUK_OK);
    souk_dictionary_fini(&d);
}
