#include "serve/http/httphead.h"

#include <criterion/criterion.h>
#include <string.h>

static struct souk_http_head head;

/* @param headers name, value, name, value, NULL */
static const char *take(const char *const *headers)
{
    head = (struct souk_http_head){.length = -1};
    for (; headers[0]; headers += 2)
        souk_http_head_take(&head, headers[0], headers[1]);
    souk_http_head_check(&head);
    return head.wrong;
}
#define TAKE(...) take((const char *const[]){__VA_ARGS__, NULL})

Test(httphead, refuses_what_others_may_read_another_way)
{
    cr_expect_null(TAKE("Host", "a", "Content-Length", "5"));
    cr_expect_null(TAKE("Transfer-Encoding", "Chunked"));
    cr_expect_not_null(TAKE("Content-Length", "5", "Content-Length", "5"));
    cr_expect_not_null(TAKE("Content-Length", "5", "content-length", "6"));
    cr_expect_not_null(TAKE("Content-Length", "5", "Transfer-Encoding", "chunked"));
    cr_expect_not_null(TAKE("Content-Length", "+5"));
    cr_expect_not_null(TAKE("Content-Length", "5, 5"));
    cr_expect_not_null(TAKE("Content-Length", ""));
    cr_expect_not_null(TAKE("Content-Length ", "5"));
    cr_expect_not_null(TAKE("Transfer-Encoding", "gzip, chunked"));
    cr_expect_not_null(TAKE("Transfer-Encoding", "identity"));
    cr_expect_not_null(TAKE("Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"));
    cr_expect_not_null(TAKE("Host", "a", "Host", "b"));
    cr_expect_not_null(TAKE("X", "a\rContent-Length: 5"));
    cr_expect_not_null(TAKE("X", "a\x01"));
    cr_expect_not_null(TAKE("X:Y", "a"));
    cr_expect_not_null(TAKE("", "a"));
    cr_expect_null(TAKE("X", "a\tb \xc3\xa9"));
    TAKE("Content-Length", "99999999999999999999");
    cr_expect_eq(head.length, INT64_MAX);
}

static bool is_json(const char *type)
{
    TAKE("Content-Type", type);
    return head.is_json;
}

Test(httphead, knows_json)
{
    cr_expect(is_json("application/json"));
    cr_expect(is_json("Application/JSON; charset=utf-8"));
    cr_expect(is_json("application/json;charset=\"UTF-8\""));
    cr_expect_not(is_json("application/json; charset=latin1"));
    cr_expect_not(is_json("application/jsonp"));
    cr_expect_not(is_json("text/json"));
    cr_expect_not(is_json("application/x-www-form-urlencoded"));
    cr_expect_not(is_json(""));
}

static bool accepts(const char *codings)
{
    TAKE("Accept-Encoding", codings);
    return head.accepts_gzip;
}

Test(httphead, knows_who_takes_gzip)
{
    cr_expect(accepts("gzip"));
    cr_expect(accepts("deflate, gzip;q=0.5, br"));
    cr_expect(accepts("GZIP ; q=1"));
    cr_expect_not(accepts("gzip;q=0"));
    cr_expect_not(accepts("gzip; q=0.000"));
    cr_expect_not(accepts("x-gzipped"));
    cr_expect_not(accepts("identity"));
}

Test(httphead, takes_tokens_of_bearers_only)
{
    TAKE("Authorization", "Bearer  abc");
    cr_assert_eq(head.token_len, 3u);
    cr_expect_eq(memcmp(head.token, "abc", 3), 0);
    TAKE("Authorization", "Basic abc");
    cr_expect_null(head.token);
}

Test(httphead, takes_the_trace_over)
{
    const char *const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    TAKE("traceparent", trace, "X-Request-Id", "mine");
    cr_expect_str_eq(head.id, "4bf92f3577b34da6a3ce929d0e0e4736");
    TAKE("X-Request-Id", "mine", "traceparent", trace);
    cr_expect_str_eq(head.id, "4bf92f3577b34da6a3ce929d0e0e4736");
    static const char *const bad[] = {"",
                                      "00",
                                      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                      "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736x00f067aa0ba902b7-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAKE("traceparent", bad[i], "X-Request-Id", "mine");
        cr_expect_str_eq(head.id, "mine", "%s", bad[i]);
    }
    TAKE("X-Request-Id", "a b");
    cr_expect_str_eq(head.id, "");
    TAKE("traceparent", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x");
    cr_expect_str_eq(head.id, "4bf92f3577b34da6a3ce929d0e0e4736");
}
