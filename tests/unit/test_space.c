#include "train/tune/space.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct souk_space parse(const char *text)
{
    struct souk_space s;
    struct souk_error err = {0};
    cr_assert_eq(souk_space_parse(text, &s, &err), SOUK_OK, "%s: %s", text, err.msg);
    return s;
}

static const char *value(const struct souk_space *s, const char *name, double unit)
{
    static char text[SOUK_DIMENSION_TEXT];
    const struct souk_dimension *d = souk_space_find(s, name);
    cr_assert_not_null(d, "%s", name);
    souk_dimension_value(d, unit, text);
    return text;
}

Test(space, maps_the_unit_interval_to_values)
{
    struct souk_space s = parse("a=0:2, b=log:0.01:100,c=int:3:7,d=logint:1:100,e=x|yy|z,"
                                "epochs=15,half-life=logint:1d:100d");
    cr_expect_eq(s.count, 7);
    cr_expect_str_eq(value(&s, "half-life", .5), "10d");
    cr_expect_str_eq(value(&s, "half-life", 1), "100d");
    cr_expect_str_eq(value(&s, "a", .5), "1");
    cr_expect_str_eq(value(&s, "b", .5), "1");
    cr_expect_str_eq(value(&s, "b", 0), "0.01");
    cr_expect_str_eq(value(&s, "b", 1), "100");
    cr_expect_str_eq(value(&s, "c", 0), "3");
    cr_expect_str_eq(value(&s, "c", 1), "7");
    cr_expect_str_eq(value(&s, "d", .5), "10");
    cr_expect_str_eq(value(&s, "e", 0), "x");
    cr_expect_str_eq(value(&s, "e", .5), "yy");
    cr_expect_str_eq(value(&s, "e", 1), "z");
    cr_expect_str_eq(value(&s, "epochs", .3), "15");
    cr_expect(souk_dimension_is_constant(souk_space_find(&s, "epochs")));
    cr_expect(!souk_dimension_is_constant(souk_space_find(&s, "e")));
    cr_expect_null(souk_space_find(&s, "f"));
    souk_space_fini(&s);
}

Test(space, refuses_what_is_no_space)
{
    static const char *const bad[] = {
        "",        "a",       "=1:2",          "a=",           "a=2:1",       "a=1:1",
        "a=1:2:3", "a=x:2",   "a=log:0:1",     "a=log:-1:1",   "a=int:0.5:2", "a=1:2,a=3",
        "a=1|",    "a=|1",    "a=1:inf",       "a=nan:1",      "a=int:1",     "A=1:2",
        "a b=1",   "a=1,",    ",a=1",          "a=logint:0:2", "a=log:1",     "a=1d:2",
        "a=1:2d",  "a=1d:2h", "a=1days:2days",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct souk_space s;
        struct souk_error err = {0};
        const souk_status status = souk_space_parse(bad[i], &s, &err);
        cr_expect_eq(status, SOUK_EUSAGE, "'%s': %d", bad[i], status);
        if (status == SOUK_OK)
            souk_space_fini(&s);
        else
            cr_expect(strstr(err.msg, "--space") != NULL, "%s", err.msg);
    }
}

Test(space, refuses_too_many_dimensions)
{
    char text[1024] = "";
    struct souk_space s;
    for (int d = 0; d <= SOUK_DIMENSIONS_MAX; d++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sa%d=1:2", d ? "," : "", d);
    cr_expect_eq(souk_space_parse(text, &s, NULL), SOUK_EUSAGE);
}
