#include "train/ranker/textfile.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double number_of(const char *text, size_t *used)
{
    const char *next;
    const double value = souk_text_number(text, text + strlen(text), &next);
    *used = next ? (size_t)(next - text) : 0;
    return value;
}

Test(textnumber, is_the_double_that_strtod_finds)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "-1",
                                        "+2",
                                        "0.1",
                                        ".5",
                                        "5.",
                                        "123456789012345",
                                        "1234567890123456789",
                                        "0.1234567890123456789",
                                        "1e10",
                                        "-1.5E-7",
                                        "1e300",
                                        "4.9e-324",
                                        "3.4028235e38",
                                        "0.00001234",
                                        "9007199254740993",
                                        "-0.0001",
                                        "100000000000000000000000"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t used;
        cr_expect_eq(number_of(texts[i], &used), strtod(texts[i], NULL), "%s", texts[i]);
        cr_expect_eq(used, strlen(texts[i]), "%s", texts[i]);
    }
    for (int i = 0; i < 100000; i++) {
        char text[32];
        size_t used;
        snprintf(text, sizeof text, i % 2 ? "%.4g" : "%.9g", tan(i) * pow(10, i % 19 - 9));
        cr_assert_eq(number_of(text, &used), strtod(text, NULL), "%s", text);
    }
}

Test(textnumber, ends_where_the_number_does)
{
    size_t used;
    cr_expect_eq(number_of("12 13", &used), 12);
    cr_expect_eq(used, 2);
    cr_expect_eq(number_of("7:3", &used), 7);
    cr_expect_eq(used, 1);
    cr_expect(isnan(number_of("nan", &used)));
    cr_expect_eq(used, 3);
    cr_expect(isinf(number_of("-inf", &used)));
    cr_expect_eq(number_of("1e", &used), 1);
    cr_expect_eq(used, 1);
}

Test(textnumber, is_not_what_is_none)
{
    static const char *const texts[] = {"", "-", "+", ".", "-.", "abc", "e5", ",", "--1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t used;
        number_of(texts[i], &used);
        cr_expect_eq(used, 0, "%s", texts[i]);
    }
    char digits[400];
    size_t used;
    memset(digits, '1', sizeof digits - 1);
    digits[sizeof digits - 1] = 0;
    number_of(digits, &used); /* longer than any number needs: refused, not read beyond */
    cr_expect_eq(used, 0);
}
