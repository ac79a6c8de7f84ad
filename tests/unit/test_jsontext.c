#include "serve/http/jsontext.h"
#include "serve/http/shortnumber.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(struct souk_json_text *t, const char *text)
{
    cr_expect(!t->failed && t->len == strlen(text) && memcmp(t->at, text, t->len) == 0,
              "%.*s is not %s", (int)t->len, t->at, text);
}

Test(jsontext, puts_commas_where_they_belong)
{
    struct souk_json_text t = {.at = NULL};
    souk_json_text_open(&t, '{');
    souk_json_text_key(&t, "a", 1);
    souk_json_text_open(&t, '[');
    souk_json_text_int(&t, -7);
    souk_json_text_open(&t, '{');
    souk_json_text_close(&t, '}');
    souk_json_text_open(&t, '[');
    souk_json_text_close(&t, ']');
    souk_json_text_bool(&t, true);
    souk_json_text_close(&t, ']');
    souk_json_text_key(&t, "b", 1);
    souk_json_text_null(&t);
    souk_json_text_key(&t, "c", 1);
    souk_json_text_real(&t, NAN);
    souk_json_text_close(&t, '}');
    expect(&t, "{\"a\":[-7,{},[],true],\"b\":null,\"c\":null}");
    souk_json_text_clear(&t);
    souk_json_text_string(&t, "x", 1);
    expect(&t, "\"x\"");
    souk_json_text_fini(&t);
}

Test(jsontext, escapes)
{
    struct souk_json_text t = {.at = NULL};
    souk_json_text_string(&t, "\"\\\b\f\n\r\t\x01\x00 \x7f\xc3\xa9\xff/\xe2\x82", 17);
    expect(&t, "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000 \x7f\xc3\xa9\xef\xbf\xbd/"
               "\xef\xbf\xbd\xef\xbf\xbd\"");
    souk_json_text_fini(&t);
}

Test(jsontext, fails_at_its_limit)
{
    struct souk_json_text t = {.at = NULL};
    static char block[1 << 20];
    memset(block, 'a', sizeof block);
    for (int i = 0; i < 40; i++)
        souk_json_text_string(&t, block, sizeof block);
    cr_expect(t.failed);
    cr_expect_leq(t.len, SOUK_JSON_TEXT_MAX);
    souk_json_text_fini(&t);
}

/* ---- numbers ---- */

static const char *short_float(float value)
{
    static char text[SOUK_SHORT_NUMBER_BYTES];
    souk_short_float(value, text);
    return text;
}

Test(shortnumber, writes_what_people_would)
{
    cr_expect_str_eq(short_float(0.1f), "0.1");
    cr_expect_str_eq(short_float(0), "0");
    cr_expect_str_eq(short_float(-1), "-1");
    cr_expect_str_eq(short_float(100), "100");
    cr_expect_str_eq(short_float(1.5f), "1.5");
    cr_expect_str_eq(short_float(0.001f), "0.001");
    cr_expect_str_eq(short_float(-0.39266586f), "-0.39266586");
    cr_expect_str_eq(short_float(999999.94f), "999999.94");
    cr_expect_str_eq(short_float(3e38f), "3e+38");
    char text[SOUK_SHORT_NUMBER_BYTES];
    souk_short_double(2.0 / 3, text);
    cr_expect_str_eq(text, "0.6666666666666666");
    souk_short_double(0.1, text);
    cr_expect_str_eq(text, "0.1");
}

static bool reads_back(float value)
{
    const char *const text = short_float(value);
    return strtof(text, NULL) == value && (float)strtod(text, NULL) == value;
}

/* No text with fewer digits would do: that of %.*g, which has one digit less, does not. */
static bool is_shortest(float value)
{
    char fewer[400];
    int digits = 0;
    const char *const text = short_float(value), *c = text;
    while (*c == '-' || *c == '0' || *c == '.')
        c++;
    for (; *c && *c != 'e'; c++)
        digits += *c != '.';
    snprintf(fewer, sizeof fewer, "%.*g", digits - 1, (double)value);
    return digits <= 6 || strtof(fewer, NULL) != value;
}

Test(shortnumber, reads_back_as_the_same_float)
{
    uint64_t state = 1;
    int wrong = 0;
    for (int i = 0; i < 1000000; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        float value;
        const uint32_t bits = (uint32_t)(state >> 32);
        memcpy(&value, &bits, sizeof value);
        if (i % 2) /* of the size of scores */
            value = ldexpf((float)(int32_t)bits, -31 + (int)(state % 16));
        if (isfinite(value))
            wrong += !reads_back(value) || !is_shortest(value);
    }
    cr_expect_eq(wrong, 0, "%d floats", wrong);
    cr_expect(reads_back(FLT_MAX) && reads_back(FLT_MIN) && reads_back(FLT_TRUE_MIN));
    cr_expect(reads_back(nextafterf(1, 2)) && reads_back(nextafterf(1, 0)));
}
