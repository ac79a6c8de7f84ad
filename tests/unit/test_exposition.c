#include "serve/monitor/exposition.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(struct souk_exposition *e)
{
    static char text[1 << 16];
    cr_assert(!e->failed && e->length < sizeof text);
    memcpy(text, e->text, e->length);
    text[e->length] = '\0';
    souk_exposition_fini(e);
    return text;
}

Test(exposition, writes_families_and_samples)
{
    struct souk_exposition e = {0};
    const struct souk_label labels[] = {{"op", "scan"}, {"status", "ok"}, {0}};
    souk_exposition_family(&e, "souk_requests_total", SOUK_METRIC_COUNTER, "Requests.\nAll \\.");
    souk_exposition_integer(&e, "", labels, 17, 0);
    souk_exposition_family(&e, "souk_ready", SOUK_METRIC_GAUGE, "Says \"yes\".");
    souk_exposition_integer(&e, "", NULL, -1500, 6);
    souk_exposition_real(&e, "", (struct souk_label[]){{0}}, .1);
    cr_assert_str_eq(text_of(&e), "# HELP souk_requests_total Requests.\\nAll \\\\.\n"
                                  "# TYPE souk_requests_total counter\n"
                                  "souk_requests_total{op=\"scan\",status=\"ok\"} 17\n"
                                  "# HELP souk_ready Says \"yes\".\n"
                                  "# TYPE souk_ready gauge\n"
                                  "souk_ready -0.0015\n"
                                  "souk_ready 0.1\n");
}

/* The value of a label as Prometheus reads it: behind the opening quote, until the closing one. */
static void read_value(const char *quoted, char *value)
{
    for (; *quoted != '"'; quoted++) {
        cr_assert(*quoted != '\n' && *quoted != '\0');
        if (*quoted != '\\') {
            *value++ = *quoted;
            continue;
        }
        quoted++;
        cr_assert(strchr("\\n\"", *quoted) && *quoted);
        *value++ = *quoted == 'n' ? '\n' : *quoted;
    }
    *value = '\0';
    cr_assert_str_eq(quoted, "\"} 1\n");
}

Test(exposition, escapes_what_a_reader_gets_back)
{
    static const char alphabet[] = "\\\n\"{},= naz0~";
    for (uint64_t round = 0; round < 2000; round++) {
        char value[24], back[24];
        size_t len = souk_random_bits(1, round, 0) % sizeof value;
        for (size_t i = 0; i < len; i++)
            value[i] = alphabet[souk_random_bits(1, round, 1 + i) % (sizeof alphabet - 1)];
        value[len] = '\0';
        struct souk_exposition e = {.family = "m"};
        souk_exposition_integer(&e, "", (struct souk_label[]){{"l", value}, {0}}, 1, 0);
        const char *const text = text_of(&e);
        cr_assert(strncmp(text, "m{l=\"", 5) == 0);
        read_value(text + 5, back);
        cr_assert_str_eq(back, value);
    }
}

Test(exposition, keeps_other_bytes_out)
{
    struct souk_exposition e = {.family = "m"};
    souk_exposition_integer(&e, "_sum", (struct souk_label[]){{"l", "a\x01\xff\x7f\tz"}, {0}}, 2,
                            0);
    cr_assert_str_eq(text_of(&e), "m_sum{l=\"a????z\"} 2\n");
}

Test(exposition, writes_decimals_exactly)
{
    static const struct {
        int64_t value;
        int decimals;
        const char *text;
    } cases[] = {{0, 6, "0"},
                 {1, 6, "0.000001"},
                 {50, 6, "0.00005"},
                 {1000000, 6, "1"},
                 {1500000, 6, "1.5"},
                 {-1, 3, "-0.001"},
                 {INT64_MAX, 0, "9223372036854775807"},
                 {INT64_MAX, 9, "9223372036.854775807"},
                 {INT64_MIN, 6, "-9223372036854.775808"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SOUK_DECIMAL_BYTES];
        souk_exposition_decimal(cases[i].value, cases[i].decimals, text);
        cr_assert_str_eq(text, cases[i].text);
    }
    for (uint64_t round = 0; round < 2000; round++) { /* against division in long double */
        const int64_t value = (int64_t)(souk_random_bits(2, round, 0) >> 12);
        char text[SOUK_DECIMAL_BYTES];
        souk_exposition_decimal(value, 6, text);
        cr_assert_eq(llroundl(strtold(text, NULL) * 1e6L), value, "%s", text);
    }
}

Test(exposition, writes_reals_that_read_back)
{
    static const double special[] = {0,  1.0 / 3,  1e-300,   -1e300, 123456789.125,
                                     .1, INFINITY, -INFINITY};
    for (uint64_t round = 0; round < 2000; round++) {
        const uint64_t bits = souk_random_bits(3, round, 0);
        struct souk_exposition e = {.family = "m"};
        double value;
        memcpy(&value, &bits, sizeof value);
        value = round < 8 ? special[round] : isnan(value) ? 1 : value;
        souk_exposition_real(&e, "", NULL, value);
        cr_assert_eq(strtod(text_of(&e) + 2, NULL), value);
    }
    struct souk_exposition e = {.family = "m"};
    souk_exposition_real(&e, "", NULL, NAN);
    souk_exposition_real(&e, "", NULL, INFINITY);
    cr_assert_str_eq(text_of(&e), "m NaN\nm +Inf\n");
}

Test(exposition, says_that_it_is_full)
{
    struct souk_exposition e = {.family = "m"};
    char value[4096];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    const struct souk_label labels[] = {{"l", value}, {0}};
    for (int i = 0; i < SOUK_EXPOSITION_BYTES_MAX / 4096 + 1; i++)
        souk_exposition_integer(&e, "", labels, i, 0);
    cr_assert(e.failed);
    cr_assert_leq(e.length, (size_t)SOUK_EXPOSITION_BYTES_MAX);
    souk_exposition_fini(&e);
}
