#include "serve/http/percentcode.h"
#include "serve/http/routes.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *decode(const char *from, bool is_query, char *to)
{
    size_t len = strlen(from);
    memcpy(to, from, len + 1);
    const char *const wrong = souk_percent_decode(to, &len, is_query);
    to[len] = '\0';
    return wrong;
}

Test(percentcode, decodes_utf8)
{
    char text[64];
    cr_assert_null(decode("caf%C3%A9+%2Fb", false, text));
    cr_assert_str_eq(text, "caf\xc3\xa9+/b");
    cr_assert_null(decode("a+b%2b", true, text));
    cr_assert_str_eq(text, "a b+");
    cr_assert_null(decode("", false, text));
    cr_assert_null(decode("%f0%9F%98%80", false, text));
}

Test(percentcode, refuses_what_is_no_text)
{
    static const char *const bad[] = {"%",         "%4",           "%zz", "a%2",    "%00",
                                      "%0a",       "%7F",          "%ff", "\xff",   "%c0%80",
                                      "%ED%A0%80", "%F4%90%80%80", "%C3", "%e2%82", "%c3a"};
    char text[64];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not_null(decode(bad[i], false, text), "%s", bad[i]);
}

Test(percentcode, takes_a_query_apart)
{
    char query[] = "n=5&&category=a%26b=c&flag&=x&bad=%zz";
    char *rest = query;
    const char *name, *value, *wrong;
    size_t name_len, value_len;
    static const char *const expected[] = {"n|5", "category|a&b=c", "flag|", "|x"};
    for (int i = 0; i < 4; i++) {
        char pair[64];
        cr_assert(souk_query_next(&rest, &name, &name_len, &value, &value_len, &wrong));
        cr_assert_null(wrong);
        snprintf(pair, sizeof pair, "%.*s|%.*s", (int)name_len, name, (int)value_len, value);
        cr_expect_str_eq(pair, expected[i]);
    }
    cr_assert(souk_query_next(&rest, &name, &name_len, &value, &value_len, &wrong));
    cr_assert_not_null(wrong);
    cr_assert_not(souk_query_next(&rest, &name, &name_len, &value, &value_len, &wrong));
}

static const char *route_of(const char *path)
{
    const char *part;
    size_t len;
    const struct souk_route *const r = souk_route_find(path, strlen(path), &part, &len);
    static char text[128];
    if (!r)
        return "none";
    snprintf(text, sizeof text, "%s %.*s", r->path, part ? (int)len : 0, part ? part : "");
    return text;
}

Test(percentcode, finds_routes_before_it_decodes)
{
    cr_expect_str_eq(route_of("/recommend/u1"), "/recommend/{user_id} u1");
    cr_expect_str_eq(route_of("/recommend/a%2Fb"), "/recommend/{user_id} a%2Fb");
    cr_expect_str_eq(route_of("/user/u/stats"), "/user/{user_id}/stats u");
    cr_expect_str_eq(route_of("/health"), "/health ");
    static const char *const none[] = {"",
                                       "/",
                                       "/recommend",
                                       "/recommend/",
                                       "/recommend/a/b",
                                       "/user//stats",
                                       "/user/u",
                                       "/user/u/stats/",
                                       "/healthz",
                                       "/docs/../health",
                                       "/recommend/../../etc/passwd",
                                       "http://a/health",
                                       "*",
                                       "/DOCS",
                                       "/docs/"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        cr_expect_str_eq(route_of(none[i]), "none", "%s", none[i]);
}
