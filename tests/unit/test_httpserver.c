#include "serve/http/httpserver.h"
#include "serve/http/largebodies.h"
#include "shared/base/clock.h"
#include "shared/wire/reply.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    ANSWER_BYTES = 1 << 20,
    BODY_MAX = 2 * SOUK_LARGE_BODY_BYTES,
    IDLE_MS = 1500,
    ARRIVAL_MS = 400
};

static struct souk_metrics *metrics;
static struct souk_workforce *force;
static struct souk_http *http;
static struct souk_http_options options;
static char answer[ANSWER_BYTES];
static char log_path[] = "/tmp/souk_http_XXXXXX";

/* ---- what the proxy would answer: the user's name says what ---- */

static void fail_as(struct souk_writer *reply, const struct souk_request *r,
                    enum souk_wire_status status)
{
    souk_writer_clear(reply);
    souk_writer_map(reply, 5);
    souk_writer_put_int(reply, "v", 1);
    souk_writer_put_text(reply, "id", r->id, r->id_len);
    souk_writer_put_int(reply, "status", status);
    souk_writer_put_string(reply, "error", "so it is");
    souk_writer_put_int(reply, "retry_after_ms", 2500);
}

static void write_list(struct souk_writer *reply, const struct souk_request *r, const char *user,
                       int64_t n)
{
    souk_reply_begin(reply, r, "m1", 2);
    souk_writer_put_string(reply, "user_id", user);
    souk_writer_key(reply, "recommendations");
    souk_writer_array(reply, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        souk_writer_map(reply, 2);
        souk_writer_put_string(reply, "item_id", "an item");
        souk_writer_key(reply, "score");
        souk_writer_float(reply, 0.1f);
    }
}

static void *answer_later(void *context)
{
    struct souk_writer reply;
    struct souk_request r;
    struct souk_task *const task = context;
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    souk_writer_init(&reply);
    if (souk_request_parse(&r, task->request, task->len, &reply))
        write_list(&reply, &r, "kept", 1);
    souk_request_fini(&r);
    souk_task_answer(task, &reply);
    souk_writer_fini(&reply);
    return NULL;
}

static enum souk_task_step handle(void *context, int worker, struct souk_task *task,
                                  struct souk_writer *reply)
{
    struct souk_request r;
    char user[64] = "";
    const char *text = "";
    size_t len = 0;
    int64_t n = 1;
    pthread_t later;
    (void)context, (void)worker;
    if (!souk_request_parse(&r, task->request, task->len, reply)) {
        souk_request_fini(&r);
        return SOUK_TASK_ANSWERED;
    }
    if (souk_message_text(&r.message, "user", sizeof user - 1, &text, &len))
        snprintf(user, sizeof user, "%.*s", (int)len, text);
    if (!souk_message_int(&r.message, "n", 1, 1000, &n))
        n = 1;
    const bool is_kept =
        strcmp(user, "kept") == 0 && pthread_create(&later, NULL, answer_later, task) == 0;
    if (is_kept)
        pthread_detach(later);
    else if (strncmp(user, "status", 6) == 0)
        fail_as(reply, &r, (enum souk_wire_status)atoi(user + 6));
    else
        write_list(reply, &r, user, n);
    souk_request_fini(&r);
    return is_kept ? SOUK_TASK_KEPT : SOUK_TASK_ANSWERED;
}

/* Out of the cache, so to say. */
static enum souk_task_step handle_early(void *context, struct souk_task *task,
                                        struct souk_writer *reply)
{
    struct souk_request r;
    enum souk_task_step step = SOUK_TASK_PASSED;
    const char *text = "";
    size_t len = 0;
    (void)context;
    if (souk_request_parse(&r, task->request, task->len, reply) &&
        souk_message_text(&r.message, "user", 64, &text, &len) && len == 5 &&
        memcmp(text, "early", 5) == 0) {
        write_list(reply, &r, "early", 1);
        step = SOUK_TASK_ANSWERED;
    }
    souk_request_fini(&r);
    return step;
}

static bool is_ready(void *context, char *reason, size_t size)
{
    (void)context;
    snprintf(reason, size, "starting");
    return false;
}

static void set_up(void)
{
    struct souk_error err = {.msg = ""};
    const struct souk_workforce_plan work = {
        .workers = 2, .queue = 64, .handler = handle, .early = handle_early};
    options = (struct souk_http_options){
        .listen = "127.0.0.1:0",
        .cors = "http://a.example, http://b.example",
        .access_log = log_path,
        .limits = {1000, 0, 16384, BODY_MAX, IDLE_MS, ARRIVAL_MS},
    };
    const int fd = mkstemp(log_path);
    cr_assert_geq(fd, 0);
    close(fd);
    signal(SIGPIPE, SIG_IGN);
    metrics = souk_metrics_new();
    cr_assert_eq(souk_workforce_start(&work, &force, &err), SOUK_OK, "%s", err.msg);
    const struct souk_http_plan plan = {.options = &options,
                                        .version = "1.2",
                                        .force = force,
                                        .metrics = metrics,
                                        .ready = is_ready};
    cr_assert_eq(souk_http_start(&plan, &http, &err), SOUK_OK, "%s", err.msg);
}

static void tear_down(void)
{
    souk_workforce_stop(force);
    souk_http_stop(http);
    souk_workforce_free(force);
    souk_metrics_free(metrics);
    unlink(log_path);
}

TestSuite(httpserver, .init = set_up, .fini = tear_down);

/* ---- a client that can be wrong ---- */

static int open_connection(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port =
                                 htons((uint16_t)atoi(strrchr(souk_http_address(http), ':') + 1))};
    const struct timeval limit = {.tv_sec = 30};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        bytes += sent;
        len -= (size_t)sent;
    }
}

/* All that comes until the other side closes. @return the first status, 0: there is none */
static int read_all(int fd)
{
    size_t length = 0;
    ssize_t got;
    while ((got = recv(fd, answer + length, sizeof answer - 1 - length, 0)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(fd);
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static int say_bytes(const char *bytes, size_t len)
{
    const int fd = open_connection();
    send_all(fd, bytes, len);
    return read_all(fd);
}

static int say(const char *text)
{
    return say_bytes(text, strlen(text));
}

static int get(const char *path)
{
    char text[1024];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    return say(text);
}

static int post(const char *path, const char *body)
{
    char text[2048];
    snprintf(
        text, sizeof text,
        "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        path, strlen(body), body);
    return say(text);
}

static bool has(const char *text)
{
    return strstr(answer, text) != NULL;
}

/* ---- answers ---- */

Test(httpserver, gives_the_same_answer_by_url_and_by_body)
{
    cr_expect_eq(get("/recommend/u%2F1?n=2"), 200);
    cr_expect(has("\"user_id\":\"u/1\",\"recommendations\":[{\"item_id\":\"an item\",\"score\":0.1}"
                  ",{\"item_id\":\"an item\",\"score\":0.1}]}"),
              "%s", answer);
    cr_expect(has("Content-Type: application/json\r\n"));
    cr_expect_eq(post("/recommendations", "{\"user_id\":\"u/1\",\"n_items\":2}"), 200);
    cr_expect(has("\"user_id\":\"u/1\",\"recommendations\":[{"));
    cr_expect_eq(get("/recommend/early"), 200);
    cr_expect(has("\"user_id\":\"early\""));
    cr_expect_eq(get("/recommend/kept"), 200);
    cr_expect(has("\"user_id\":\"kept\""));
}

Test(httpserver, answers_what_is_pipelined_in_order)
{
    cr_expect_eq(say("GET /recommend/kept HTTP/1.1\r\nHost: a\r\n\r\n"
                     "GET /recommend/early HTTP/1.1\r\nHost: a\r\n\r\n"
                     "GET /recommend/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                 200);
    const char *const first = strstr(answer, "\"kept\""),
                      *const second = strstr(answer, "\"early\""),
                      *const third = strstr(answer, "\"last\"");
    cr_assert(first && second && third);
    cr_expect(first < second && second < third);
}

Test(httpserver, makes_codes_of_statuses)
{
    static const int cases[][2] = {{5, 422},  {6, 404},  {8, 503},  {10, 504}, {11, 503},
                                   {13, 500}, {15, 401}, {16, 403}, {17, 429}, {12, 503}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/recommend/status%d", cases[i][0]);
        cr_expect_eq(get(path), cases[i][1], "%s", path);
        cr_expect(has("Content-Type: application/problem+json\r\n"));
        cr_expect_eq(has("Retry-After: 3\r\n"), cases[i][1] == 503 || cases[i][1] == 429);
        cr_expect_eq(has("WWW-Authenticate: Bearer"), cases[i][1] == 401);
    }
}

Test(httpserver, refuses_with_the_right_code)
{
    cr_expect_eq(get("/nothing"), 404);
    cr_expect_eq(get("/recommend/%00"), 400);
    cr_expect_eq(get("/recommend/%ff"), 400);
    cr_expect_eq(get("/recommend/u?n=many"), 400);
    cr_expect(has("\"field\":\"n\""));
    cr_expect_eq(get("/recommend/u?n=1&n=2"), 400);
    cr_expect_eq(get("/recommend/u?user_id=v"), 400);
    cr_expect_eq(get("/recommend/u?%zz"), 400);
    cr_expect_eq(get("/events"), 405);
    cr_expect(has("Allow: POST, OPTIONS\r\n"));
    cr_expect_eq(post("/health", "{}"), 405);
    cr_expect(has("Allow: GET, HEAD, OPTIONS\r\n"));
    cr_expect_eq(post("/recommendations?n=1", "{}"), 400);
    cr_expect_eq(post("/recommendations", "{\"user_id\":\"u\",\"x\":1}"), 400);
    cr_expect(has("\"field\":\"x\""));
    cr_expect_eq(post("/recommendations", "{\"user_id\":"), 400);
    cr_expect_eq(say("POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 411);
    cr_expect_eq(
        say("POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n"
            "\r\n{}"),
        415);
    cr_expect_eq(
        say("POST /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n"
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n{}"),
        415);
    cr_expect_eq(get("/readyz"), 503);
    cr_expect(has("\"detail\":\"starting\""));
    cr_expect_eq(get("/livez"), 200);
}

Test(httpserver, closes_the_connection_of_who_smuggles)
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

Test(httpserver, takes_a_body_in_chunks)
{
    const int fd = open_connection();
    begin_chunks(fd);
    send_all(fd, "5\r\n{\"use\r\n", 10);
    send_all(fd, "b;x=y\r\nr_id\":\"u1\"}\r\n0\r\n\r\n", 25);
    cr_expect_eq(read_all(fd), 200, "%s", answer);
    cr_expect(has("\"user_id\":\"u1\""));
}

Test(httpserver, reads_a_large_body_elsewhere)
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

Test(httpserver, cuts_a_body_that_is_too_long)
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

Test(httpserver, lets_a_short_body_go_by_and_keeps_the_connection)
{
    cr_expect_eq(say("POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                     "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                 404);
    cr_expect(has("200 OK"));
}

Test(httpserver, says_continue_before_a_body)
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

Test(httpserver, does_not_wait_for_slow_heads_and_bodies)
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

/* ---- the rest ---- */

Test(httpserver, zips_what_is_worth_it)
{
    cr_expect_eq(say("GET /recommend/u?n=1000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Accept-Encoding: gzip\r\n\r\n"),
                 200);
    cr_expect(has("Content-Encoding: gzip\r\n"));
    cr_expect_eq(say("GET /recommend/u?n=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Accept-Encoding: gzip\r\n\r\n"),
                 200);
    cr_expect_not(has("Content-Encoding"));
}

Test(httpserver, knows_its_own_pages_again)
{
    char tag[64], text[512];
    cr_expect_eq(get("/docs"), 200);
    cr_expect(has("Content-Security-Policy: default-src 'none'"));
    const char *const etag = strstr(answer, "ETag: ");
    cr_assert_not_null(etag);
    snprintf(tag, sizeof tag, "%.*s", (int)strcspn(etag + 6, "\r"), etag + 6);
    snprintf(text, sizeof text,
             "GET /docs HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIf-None-Match: %s\r\n\r\n",
             tag);
    cr_expect_eq(say(text), 304);
    cr_expect_eq(say("HEAD /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 200);
    cr_expect_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

Test(httpserver, answers_pages_of_welcome_origins)
{
    cr_expect_eq(say("OPTIONS /events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Origin: http://b.example\r\nAccess-Control-Request-Method: POST\r\n\r\n"),
                 204);
    cr_expect(has("Access-Control-Allow-Origin: http://b.example\r\n"));
    cr_expect(has("Access-Control-Allow-Headers: Authorization"));
    cr_expect_eq(say("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Origin: http://b.example.evil\r\n\r\n"),
                 200);
    cr_expect_not(has("Access-Control-Allow-Origin"));
    cr_expect(has("Vary: Origin\r\n"));
}

Test(httpserver, logs_no_ids_of_users)
{
    struct souk_error err;
    char line[512];
    cr_expect_eq(
        say("GET /recommend/secretive?n=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n"),
        200);
    cr_expect(has("X-Request-Id: 4bf92f3577b34da6a3ce929d0e0e4736\r\n"));
    FILE *const f = fopen(log_path, "r");
    cr_assert_not_null(f);
    cr_assert_not_null(fgets(line, sizeof line, f));
    cr_expect_not_null(strstr(line, "Z GET /recommend/{user_id} 200 "), "%s", line);
    cr_expect_not_null(strstr(line, "ms 4bf92f3577b34da6a3ce929d0e0e4736\n"), "%s", line);
    cr_expect_null(strstr(line, "secretive"));
    fclose(f);
    cr_assert_eq(rename(log_path, "/tmp/souk_http_moved"), 0);
    cr_expect_eq(souk_http_reopen_log(http, &err), SOUK_OK);
    get("/livez");
    cr_expect_eq(access(log_path, F_OK), 0);
    unlink("/tmp/souk_http_moved");
}

Test(httpserver, counts_by_route_and_code)
{
    struct souk_exposition e = {0};
    get("/recommend/a");
    get("/recommend/b");
    get("/nothing");
    souk_metrics_write(metrics, &e);
    char *const text = strndup(e.text, e.length);
    cr_expect_not_null(
        strstr(text, "souk_http_requests_total{route=\"/recommend/{user_id}\",code=\"200\"} 2\n"));
    cr_expect_not_null(strstr(text, "souk_http_requests_total{route=\"none\",code=\"404\"} 1\n"));
    free(text);
    souk_exposition_fini(&e);
}

static souk_status start_another(const char *listen, const char *cert, struct souk_error *err)
{
    struct souk_http *other = NULL;
    struct souk_metrics *const own = souk_metrics_new();
    struct souk_http_options changed = options;
    const struct souk_http_plan plan = {
        .options = &changed, .version = "", .force = force, .metrics = own, .ready = is_ready};
    changed.listen = listen;
    changed.cert = cert;
    const souk_status status = souk_http_start(&plan, &other, err);
    cr_expect_null(other);
    souk_metrics_free(own);
    return status;
}

Test(httpserver, refuses_a_network_without_tls)
{
    struct souk_error err = {.msg = ""};
    cr_expect_eq(start_another("0.0.0.0:0", NULL, &err), SOUK_EUSAGE);
    cr_expect_not_null(strstr(err.msg, "--insecure"), "%s", err.msg);
    cr_expect_eq(start_another("nowhere", NULL, &err), SOUK_EUSAGE, "%s", err.msg);
    cr_expect_eq(start_another("127.0.0.1:0", "/dev/null", &err), SOUK_EUSAGE, "%s", err.msg);
    cr_expect_eq(start_another(souk_http_address(http), NULL, &err), SOUK_EEXIST, "%s", err.msg);
    cr_expect_eq(start_another(NULL, NULL, &err), SOUK_OK);
}
