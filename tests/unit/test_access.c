/* Who is let in, on a clock of the test's own; tokens and files are real. */
#include "serve/access/access.h"
#include "serve/access/tokenlist.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { START_S = 1800000000, US = 1000000 };

static struct souk_error err;
static struct souk_access *access_of_test;
static char path[] = "/tmp/souk-access-XXXXXX";
static char text[4096];
static int64_t retry_ms;

/* A token and its line. @param token [SOUK_TOKEN_TEXT + 1], out */
static void add_line(char *token, const char *name, unsigned scopes, int64_t expires_s, double rate,
                     int64_t burst)
{
    struct souk_token_entry e = {
        .scopes = scopes, .expires_s = expires_s, .rate = rate, .burst = burst};
    snprintf(e.name, sizeof e.name, "%s", name);
    if (!token[0])
        souk_token_make(token);
    cr_assert(souk_token_digest(token, SOUK_TOKEN_TEXT, &e.digest));
    souk_token_entry_format(&e, text + strlen(text));
}

static void write_lines(void)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
    text[0] = '\0';
}

static void open_access(double rate, struct souk_metrics *registry)
{
    write_lines();
    cr_assert_eq(souk_access_open(path, rate, registry, &access_of_test, &err), SOUK_OK, "%s",
                 err.msg);
}

static void begin(void)
{
    const int fd = mkstemp(path);
    cr_assert(fd >= 0 && close(fd) == 0 && souk_token_prepare(&err) == SOUK_OK);
}

static void end(void)
{
    souk_access_free(access_of_test);
    unlink(path);
}

TestSuite(access, .init = begin, .fini = end);

static enum souk_access_verdict check_at(const char *token, enum souk_scope scope, int64_t now_us)
{
    return souk_access_check(access_of_test, token, token ? strlen(token) : 0, scope, now_us,
                             START_S + now_us / US, &retry_ms);
}

static enum souk_access_verdict check(const char *token, enum souk_scope scope)
{
    return check_at(token, scope, 0);
}

Test(access, lets_in_who_is_known_and_may)
{
    char shop[SOUK_TOKEN_TEXT + 1] = "", old[SOUK_TOKEN_TEXT + 1] = "", other[SOUK_TOKEN_TEXT + 1];
    add_line(shop, "shop", SOUK_SCOPE_READ | SOUK_SCOPE_WRITE, START_S + 10, 0, 0);
    add_line(old, "old", SOUK_SCOPE_READ, START_S, 0, 0);
    souk_token_make(other);
    open_access(0, NULL);
    cr_expect(souk_access_is_guarded(access_of_test));
    cr_expect_eq(check(shop, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check(shop, SOUK_SCOPE_WRITE), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check(shop, SOUK_SCOPE_ADMIN), SOUK_ACCESS_SCOPE);
    cr_expect_eq(check(old, SOUK_SCOPE_READ), SOUK_ACCESS_EXPIRED);
    cr_expect_eq(check(other, SOUK_SCOPE_READ), SOUK_ACCESS_UNKNOWN);
    cr_expect_eq(check(NULL, SOUK_SCOPE_READ), SOUK_ACCESS_MISSING);
    cr_expect_eq(check("", SOUK_SCOPE_READ), SOUK_ACCESS_UNKNOWN);
    cr_expect_eq(check_at(shop, SOUK_SCOPE_READ, 9 * US), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check_at(shop, SOUK_SCOPE_READ, 10 * US), SOUK_ACCESS_EXPIRED);
}

Test(access, every_bit_of_a_token_counts)
{
    char shop[SOUK_TOKEN_TEXT + 2] = "";
    add_line(shop, "shop", SOUK_SCOPE_READ, INT64_MAX, 0, 0);
    open_access(0, NULL);
    for (int i = 0; i < SOUK_TOKEN_TEXT; i++)
        for (int bit = 0; bit < 8; bit++) {
            shop[i] ^= (char)(1 << bit);
            cr_expect_eq(souk_access_check(access_of_test, shop, SOUK_TOKEN_TEXT, SOUK_SCOPE_READ,
                                           0, START_S, &retry_ms),
                         SOUK_ACCESS_UNKNOWN, "byte %d, bit %d", i, bit);
            shop[i] ^= (char)(1 << bit);
        }
    cr_expect_eq(check(shop, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    shop[SOUK_TOKEN_TEXT] = 'x';
    cr_expect_eq(check(shop, SOUK_SCOPE_READ), SOUK_ACCESS_UNKNOWN);
    shop[SOUK_TOKEN_TEXT - 1] = '\0';
    cr_expect_eq(check(shop, SOUK_SCOPE_READ), SOUK_ACCESS_UNKNOWN);
}

Test(access, each_token_has_a_rate_and_so_have_all)
{
    char slow[SOUK_TOKEN_TEXT + 1] = "", fast[SOUK_TOKEN_TEXT + 1] = "";
    add_line(slow, "slow", SOUK_SCOPE_READ, INT64_MAX, 1, 2);
    add_line(fast, "fast", SOUK_SCOPE_READ, INT64_MAX, 0, 0);
    open_access(5, NULL);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(check(slow, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check(slow, SOUK_SCOPE_READ), SOUK_ACCESS_RATE);
    cr_expect_eq(retry_ms, 1000);
    for (int i = 0; i < 100; i++) { /* takes nothing of what all have */
        cr_expect_eq(check(slow, SOUK_SCOPE_READ), SOUK_ACCESS_RATE);
        cr_expect_eq(check(NULL, SOUK_SCOPE_READ), SOUK_ACCESS_MISSING);
    }
    for (int i = 0; i < 3; i++)
        cr_expect_eq(check(fast, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check(fast, SOUK_SCOPE_READ), SOUK_ACCESS_GLOBAL_RATE);
    cr_expect_eq(retry_ms, 200);
    cr_expect_eq(check_at(fast, SOUK_SCOPE_READ, US / 5), SOUK_ACCESS_GRANTED);
    cr_expect_eq(retry_ms, 0);
    cr_expect_eq(check_at(slow, SOUK_SCOPE_READ, US), SOUK_ACCESS_GRANTED);
}

Test(access, without_a_file_only_the_rate_of_all_holds)
{
    cr_assert_eq(souk_access_open(NULL, 2, NULL, &access_of_test, &err), SOUK_OK);
    cr_expect_not(souk_access_is_guarded(access_of_test));
    cr_expect_eq(check(NULL, SOUK_SCOPE_ADMIN), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check("any", SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check(NULL, SOUK_SCOPE_READ), SOUK_ACCESS_GLOBAL_RATE);
}

Test(access, a_reload_swaps_the_table_and_keeps_what_was_used)
{
    char a[SOUK_TOKEN_TEXT + 1] = "", b[SOUK_TOKEN_TEXT + 1] = "", c[SOUK_TOKEN_TEXT + 1] = "";
    int count;
    add_line(a, "a", SOUK_SCOPE_READ, INT64_MAX, 1, 1);
    add_line(b, "b", SOUK_SCOPE_READ, INT64_MAX, 0, 0);
    open_access(0, NULL);
    cr_expect_eq(check(a, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check(b, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    cr_expect_eq(check(c, SOUK_SCOPE_READ), SOUK_ACCESS_UNKNOWN);
    add_line(c, "c", SOUK_SCOPE_WRITE, INT64_MAX, 0, 0);
    add_line(a, "a", SOUK_SCOPE_READ, INT64_MAX, 1, 1);
    write_lines();
    cr_assert_eq(souk_access_reload(access_of_test, &count, &err), SOUK_OK, "%s", err.msg);
    cr_expect_eq(count, 2);
    cr_expect_eq(check(a, SOUK_SCOPE_READ), SOUK_ACCESS_RATE);
    cr_expect_eq(check(b, SOUK_SCOPE_READ), SOUK_ACCESS_UNKNOWN);
    cr_expect_eq(check(c, SOUK_SCOPE_WRITE), SOUK_ACCESS_GRANTED);
    strcpy(text, "nonsense\n");
    write_lines();
    cr_expect_eq(souk_access_reload(access_of_test, &count, &err), SOUK_EFORMAT);
    cr_expect_eq(check(c, SOUK_SCOPE_WRITE), SOUK_ACCESS_GRANTED);
}

Test(access, finds_each_of_many)
{
    static char tokens[SOUK_TOKENS_MAX][SOUK_TOKEN_TEXT + 1];
    FILE *file = fopen(path, "w");
    cr_assert(file);
    for (int i = 0; i < SOUK_TOKENS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        add_line(tokens[i], name, SOUK_SCOPE_READ, START_S + i, 0, 0);
        cr_assert(fputs(text, file) >= 0);
        text[0] = '\0';
    }
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(souk_access_open(path, 0, NULL, &access_of_test, &err), SOUK_OK, "%s", err.msg);
    for (int i = 0; i < SOUK_TOKENS_MAX; i++) { /* the right one: each has an end of its own */
        cr_expect_eq(check_at(tokens[i], SOUK_SCOPE_READ, (int64_t)i * US), SOUK_ACCESS_EXPIRED);
        if (i > 0)
            cr_expect_eq(check_at(tokens[i], SOUK_SCOPE_READ, (int64_t)(i - 1) * US),
                         SOUK_ACCESS_GRANTED);
    }
}

Test(access, counts_by_reason_and_by_name)
{
    static const char *const expected[] = {
        "souk_access_refused_total{reason=\"missing\"} 2\n",
        "souk_access_refused_total{reason=\"scope\"} 1\n",
        "souk_access_refused_total{reason=\"global_rate\"} 0\n",
        "souk_access_token_requests_total{token=\"shop\",admitted=\"yes\"} 3\n",
        "souk_access_token_requests_total{token=\"shop\",admitted=\"no\"} 1\n",
        "souk_access_token_expiry_timestamp_seconds{token=\"shop\"} 1800000010\n"};
    char shop[SOUK_TOKEN_TEXT + 1] = "";
    struct souk_metrics *registry = souk_metrics_new();
    struct souk_exposition e = {0};
    int count;
    add_line(shop, "shop", SOUK_SCOPE_READ, START_S + 10, 0, 0);
    open_access(0, registry);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(check(NULL, SOUK_SCOPE_READ), SOUK_ACCESS_MISSING);
        cr_expect_eq(check(shop, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    }
    cr_expect_eq(check(shop, SOUK_SCOPE_WRITE), SOUK_ACCESS_SCOPE);
    cr_assert_eq(souk_access_reload(access_of_test, &count, &err), SOUK_OK, "%s", err.msg);
    cr_expect_eq(check(shop, SOUK_SCOPE_READ), SOUK_ACCESS_GRANTED);
    souk_metrics_write(registry, &e);
    cr_assert_not(e.failed);
    char *all = strndup(e.text, e.length);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        cr_expect(strstr(all, expected[i]), "no %s in %s", expected[i], all);
    free(all);
    souk_exposition_fini(&e);
    souk_metrics_free(registry);
}
