#include "serve/monitor/monitorserver.h"
#include "serve/monitor/readiness.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 1 << 16, CROWD = SOUK_MONITOR_CONNECTIONS_MAX + 8 };

static struct souk_metrics *metrics;
static struct souk_monitor *monitor;
static struct souk_readiness readiness;
static char answer[ANSWER_BYTES];

static void set_up(void)
{
    struct souk_error err;
    signal(SIGPIPE, SIG_IGN);
    metrics = souk_metrics_new();
    cr_assert_not_null(metrics);
    souk_counter_add(souk_metrics_counter(metrics, "souk_tries_total", "Tries.", NULL), 7);
    cr_assert_eq(souk_monitor_start("127.0.0.1:0", metrics, souk_readiness_is_ready, &readiness,
                                    &monitor, &err),
                 SOUK_OK, "%s", err.msg);
}

static void tear_down(void)
{
    souk_monitor_stop(monitor);
    souk_metrics_free(metrics);
}

TestSuite(monitorserver, .init = set_up, .fini = tear_down);

static int open_connection(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)atoi(strrchr(souk_monitor_address(monitor), ':') + 1))};
    const struct timeval limit = {.tv_sec = 30};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* All that comes until the other side closes; a reset ends it too. */
static const char *read_all(int fd)
{
    size_t length = 0;
    ssize_t got;
    while ((got = recv(fd, answer + length, sizeof answer - 1 - length, 0)) > 0)
        length += (size_t)got;
    answer[length] = '\0';
    close(fd);
    return answer;
}

/* @return the status, 0: closed without an answer; the whole answer is in `answer` */
static int send_bytes(const char *bytes, size_t len)
{
    const int fd = open_connection();
    while (len > 0) {
        const ssize_t sent = send(fd, bytes, len, 0);
        if (sent <= 0)
            break;
        bytes += sent;
        len -= (size_t)sent;
    }
    read_all(fd);
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static int ask(const char *method, const char *path)
{
    char text[256];
    const int len = snprintf(
        text, sizeof text, "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", method, path);
    return send_bytes(text, (size_t)len);
}

static const char *body(void)
{
    const char *const end = strstr(answer, "\r\n\r\n");
    cr_assert_not_null(end);
    return end + 4;
}

Test(monitorserver, gives_the_metrics)
{
    cr_assert_eq(ask("GET", "/metrics"), 200);
    cr_assert_not_null(
        strstr(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    cr_assert_str_eq(body(),
                     "# HELP souk_tries_total Tries.\n"
                     "# TYPE souk_tries_total counter\n"
                     "souk_tries_total 7\n"
                     "# HELP souk_ready Whether the process takes requests, as /readyz says.\n"
                     "# TYPE souk_ready gauge\n"
                     "souk_ready 0\n");
    cr_assert_eq(ask("HEAD", "/metrics"), 200);
    cr_assert_str_eq(body(), "");
    cr_assert_eq(ask("GET", "/metrics?name=a"), 200);
}

Test(monitorserver, lives_before_it_is_ready)
{
    cr_assert_eq(ask("GET", "/livez"), 200);
    cr_assert_eq(ask("GET", "/readyz"), 503);
    cr_assert_str_eq(body(), "starting\n");
    souk_readiness_set(&readiness, SOUK_PHASE_SERVING);
    cr_assert_eq(ask("GET", "/readyz"), 200);
    cr_assert_eq(ask("GET", "/metrics"), 200);
    cr_assert_not_null(strstr(answer, "\nsouk_ready 1\n"));
    souk_readiness_set(&readiness, SOUK_PHASE_DRAINING);
    cr_assert_eq(ask("GET", "/readyz"), 503);
    cr_assert_str_eq(body(), "draining\n");
    cr_assert_eq(ask("GET", "/livez"), 200);
}

Test(monitorserver, takes_nothing_else)
{
    cr_assert_eq(ask("GET", "/"), 404);
    cr_assert_eq(ask("GET", "/metrics/"), 404);
    cr_assert_eq(ask("GET", "/../metrics"), 404);
    cr_assert_eq(ask("DELETE", "/metrics"), 405);
    cr_assert_not_null(strstr(answer, "Allow: GET, HEAD\r\n"));
    static const char post[] =
        "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nabc";
    cr_assert_eq(send_bytes(post, sizeof post - 1), 405);
    static const char garbage[] = "\x16\x03\x01\x02garbage\r\n\r\n";
    const int status = send_bytes(garbage, sizeof garbage - 1);
    cr_assert(status == 0 || status == 400, "%d", status);
    cr_assert_eq(ask("GET", "/livez"), 200);
}

Test(monitorserver, bounds_headers)
{
    static char request[4 * SOUK_MONITOR_HEADER_BYTES];
    memset(request, 'a', sizeof request);
    memcpy(request, "GET /livez HTTP/1.1\r\nX: ", 24);
    const int status = send_bytes(request, sizeof request);
    cr_assert(status == 431 || status == 413, "%d", status);
    memcpy(request, "GET /", 5);
    memset(request + 5, 'a', 24);
    const int long_path = send_bytes(request, sizeof request);
    cr_assert(long_path == 414 || long_path == 431 || long_path == 413, "%d", long_path);
    cr_assert_eq(ask("GET", "/livez"), 200);
}

static int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    cr_assert_not_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* The rest of a crowd that says nothing waits outside, until those inside are put out. */
Test(monitorserver, bounds_connections)
{
    const int before = open_descriptors();
    int fd[CROWD];
    for (int i = 0; i < CROWD; i++)
        fd[i] = open_connection();
    cr_assert_leq(open_descriptors(), before + CROWD + SOUK_MONITOR_CONNECTIONS_MAX);
    cr_assert_eq(ask("GET", "/livez"), 200);
    for (int i = 0; i < CROWD; i++)
        close(fd[i]);
    cr_assert_eq(ask("GET", "/livez"), 200);
}

Test(monitorserver, says_what_is_wrong_with_an_address)
{
    static const char *const wrong[] = {"",
                                        "9101",
                                        ":9101",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:9x",
                                        "127.0.0.1:-1",
                                        "::1:9101",
                                        "tcp://127.0.0.1:9101",
                                        "999.0.0.1:1"};
    struct souk_monitor *m = NULL;
    struct souk_error err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(
            souk_monitor_start(wrong[i], metrics, souk_readiness_is_ready, &readiness, &m, &err),
            SOUK_EUSAGE, "%s", wrong[i]);
        cr_assert_null(m);
        cr_assert_not_null(strstr(err.msg, "HOST:PORT"));
    }
    cr_assert_eq(souk_monitor_start(souk_monitor_address(monitor), metrics, souk_readiness_is_ready,
                                    &readiness, &m, &err),
                 SOUK_EEXIST);
    cr_assert_not_null(strstr(err.msg, "in use"));
    cr_assert_eq(souk_monitor_start("none", metrics, souk_readiness_is_ready, &readiness, &m, &err),
                 SOUK_OK);
    cr_assert_null(m);
    cr_assert_str_eq(souk_monitor_address(m), "none");
    souk_monitor_stop(m);
}
