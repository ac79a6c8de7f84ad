/* What the tests of the HTTP listener share: a listener with a workforce that answers by the user's
 * name, and a client that can be wrong. */
#ifndef SOUK_TESTS_HTTPCASE_H
#define SOUK_TESTS_HTTPCASE_H

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

static inline void fail_as(struct souk_writer *reply, const struct souk_request *r,
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

static inline void write_list(struct souk_writer *reply, const struct souk_request *r,
                              const char *user, int64_t n)
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

static inline void *answer_later(void *context)
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

static inline enum souk_task_step handle(void *context, int worker, struct souk_task *task,
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
static inline enum souk_task_step handle_early(void *context, struct souk_task *task,
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

static inline bool is_ready(void *context, char *reason, size_t size)
{
    (void)context;
    snprintf(reason, size, "starting");
    return false;
}

static inline void set_up(void)
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

static inline void tear_down(void)
{
    souk_workforce_stop(force);
    souk_http_stop(http);
    souk_workforce_free(force);
    souk_metrics_free(metrics);
    unlink(log_path);
}

/* ---- a client that can be wrong ---- */

static inline int open_connection(void)
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

static inline void send_all(int fd, const char *bytes, size_t len)
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
static inline int read_all(int fd)
{
    size_t length = 0;
    ssize_t got;
    while ((got = recv(fd, answer + length, sizeof answer - 1 - length, 0)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(fd);
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static inline int say_bytes(const char *bytes, size_t len)
{
    const int fd = open_connection();
    send_all(fd, bytes, len);
    return read_all(fd);
}

static inline int say(const char *text)
{
    return say_bytes(text, strlen(text));
}

static inline int get(const char *path)
{
    char text[1024];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    return say(text);
}

static inline int post(const char *path, const char *body)
{
    char text[2048];
    snprintf(
        text, sizeof text,
        "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        path, strlen(body), body);
    return say(text);
}

static inline bool has(const char *text)
{
    return strstr(answer, text) != NULL;
}

#endif
