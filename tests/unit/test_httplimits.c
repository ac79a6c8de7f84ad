#include "tests/unit/httpcase.h"

TestSuite(httplimits, .init = set_up, .fini = tear_down);

Test(httplimits, closes_the_connection_of_who_smuggles)
{
    static const char *const heads[] = {
        "POST /recommendations HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n",
        "POST /recommendations HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        "POST /recommendations HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
        "POST /recommendations HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n",
        "POST /recommendations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n",
        "POST /recommendations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n",
        "POST /recommendations HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
        "POST /recommendations HTTP/1.1\r\nHost: a\r\nX: a\r\n Content-Length: 5\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
        "GET /livez HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n",
        "GET /livez HTTP/1.1\nHost: a\n",
    };
    char text[1024];
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        snprintf(text, sizeof text,
                 "%sContent-Type: application/json\r\n\r\n"
                 "0\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
                 heads[i]);
        cr_expect_eq(say(text), 400, "%s", heads[i]); /* returns: the connection was closed */
        cr_expect_not(has("200 OK"), "%s", heads[i]);
    }
    cr_expect_eq(say_bytes("GET /livez\0x HTTP/1.1\r\nHost: a\r\n\r\n", 35), 400);
    cr_expect_eq(say_bytes("GET /livez HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 40), 400);
    cr_expect_eq(say("POST /recommendations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                     "Content-Type: application/json\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
                 400);
}

/* ---- bodies ---- */

static void begin_chunks(int fd)
{
    const char *const head = "POST /recommendations HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                             "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    send_all(fd, head, strlen(head));
}

Test(httplimits, takes_a_body_in_chunks)
{
    const int fd = open_connection();
    begin_chunks(fd);
    send_all(fd, "5\r\n{\"use\r\n", 10);
    send_all(fd, "b;x=y\r\nr_id\":\"u1\"}\r\n0\r\n\r\n", 25);
    cr_expect_eq(read_all(fd), 200, "%s", answer);
    cr_expect(has("\"user_id\":\"u1\""));
}

Test(httplimits, reads_a_large_body_elsewhere)
{
    static char text[BODY_MAX + 512];
    const char *const head = "POST /recommendations HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                             "Content-Type: application/json\r\nContent-Length: ";
    for (int is_good = 0; is_good < 2; is_good++) {
        const int len = snprintf(text, sizeof text, "%s%d\r\n\r\n", head, BODY_MAX);
        memset(text + len, ' ', BODY_MAX);
        memcpy(text + len, is_good ? "{\"user_id\":\"u1\"}" : "{\"user_id\":1}", is_good ? 16 : 13);
        cr_expect_eq(say_bytes(text, (size_t)len + BODY_MAX), is_good ? 200 : 400, "%s", answer);
        cr_expect(has(is_good ? "\"user_id\":\"u1\"" : "\"field\":\"user_id\""));
    }
}

Test(httplimits, cuts_a_body_that_is_too_long)
{
    static char chunk[1 << 16];
    const int fd = open_connection();
    char head[256];
    memset(chunk, ' ', sizeof chunk);
    begin_chunks(fd);
    for (int i = 0; i < 1000; i++) {
        send_all(fd, "10000\r\n", 7);
        send_all(fd, chunk, sizeof chunk);
        send_all(fd, "\r\n", 2);
    }
    cr_expect_eq(read_all(fd), 413);
    cr_expect(has("Connection: close\r\n"));
    snprintf(head, sizeof head,
             "POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
             "Content-Length: %d\r\n",
             BODY_MAX + 1);
    char text[512];
    snprintf(text, sizeof text, "%sExpect: 100-continue\r\n\r\n", head);
    cr_expect_eq(say(text), 413, "before the body is sent");
    snprintf(text, sizeof text, "%s\r\n", head);
    const int other = open_connection();
    send_all(other, text, strlen(text));
    send_all(other, chunk, BODY_MAX + 1);
    cr_expect_eq(read_all(other), 413);
}

Test(httplimits, lets_a_short_body_go_by_and_keeps_the_connection)
{
    cr_expect_eq(say("POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                     "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                 404);
    cr_expect(has("200 OK"));
}

Test(httplimits, says_continue_before_a_body)
{
    cr_expect_eq(say("POST /recommendations HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nExpect: 100-continue\r\n"
                     "Content-Length: 15\r\n\r\n{\"user_id\":\"u\"}"),
                 100);
    cr_expect(has("200 OK"));
}

/* ---- time ---- */

static int64_t wait_for_end(const char *pieces, int pause_ms)
{
    const int64_t start_us = souk_monotonic_us();
    const int fd = open_connection();
    for (; *pieces && souk_monotonic_us() - start_us < 20000000; pieces++) {
        char byte;
        send_all(fd, pieces, 1);
        nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000L}, NULL);
        if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
            break;
    }
    read_all(fd);
    return (souk_monotonic_us() - start_us) / 1000;
}

Test(httplimits, does_not_wait_for_slow_heads_and_bodies)
{
    static char head[600] = "GET /livez HTTP/1.1\r\nX: ", body[600];
    memset(head + strlen(head), 'a', 500);
    const int64_t slow_head = wait_for_end(head, 20);
    cr_expect(slow_head >= ARRIVAL_MS && slow_head < 10 * ARRIVAL_MS, "%d ms", (int)slow_head);
    const int64_t silent = wait_for_end("", 0);
    cr_expect(silent >= IDLE_MS, "%d ms", (int)silent);
    snprintf(body, sizeof body,
             "POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
             "Content-Length: 500\r\n\r\n");
    memset(body + strlen(body), ' ', 300);
    const int64_t slow_body = wait_for_end(body, 2); /* its head is quick enough */
    cr_expect(slow_body >= ARRIVAL_MS && slow_body < 20 * ARRIVAL_MS, "%d ms", (int)slow_body);
}
