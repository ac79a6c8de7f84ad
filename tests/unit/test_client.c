/* A client of several proxies: which one it asks, and what it does when one drains, dies or hangs.
 */
#include "serve/client/clientcall.h"
#include "serve/net/server.h"
#include "shared/base/clock.h"
#include "shared/wire/reply.h"

#include <criterion/criterion.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROXIES = 2, TIMEOUT_MS = 2000 };

struct proxy {
    struct souk_server *server;
    char url[64];
    atomic_int asked;
    atomic_llong deadline_ms; /* of the last request */
    atomic_bool draining;
    atomic_int hangs_ms;
};

static struct proxy proxies[PROXIES];
static struct souk_client *client;

static enum souk_task_step handle(void *context, int worker, struct souk_task *task,
                                  struct souk_writer *reply)
{
    struct proxy *p = context;
    struct souk_request r;
    cr_assert(worker >= 0 && task->received_us > 0);
    if (souk_request_parse(&r, task->request, task->len, reply)) {
        atomic_fetch_add(&p->asked, 1);
        atomic_store(&p->deadline_ms, r.deadline_ms);
        usleep((useconds_t)atomic_load(&p->hangs_ms) * 1000);
        if (atomic_load(&p->draining))
            souk_reply_error(reply, &r, SOUK_WIRE_DRAINING, "this proxy drains");
        else
            souk_reply_begin(reply, &r, "m", 0);
    }
    souk_request_fini(&r);
    return SOUK_TASK_ANSWERED;
}

static void start_proxy(int i)
{
    struct souk_error err = {0};
    const struct souk_server_plan plan = {
        .url = proxies[i].url,
        .work = {.workers = 2, .queue = 16, .handler = handle, .context = &proxies[i]}};
    cr_assert_eq(souk_server_start(&plan, &proxies[i].server, &err), SOUK_OK, "%s", err.msg);
}

static void stop_proxy(int i)
{
    souk_server_stop(proxies[i].server);
    proxies[i].server = NULL;
}

static void name_proxies(void)
{
    for (int i = 0; i < PROXIES; i++)
        snprintf(proxies[i].url, sizeof proxies[i].url, "ipc:///tmp/souk-client-%d-%d",
                 (int)getpid(), i);
}

static void make_client(void)
{
    char addresses[160];
    snprintf(addresses, sizeof addresses, "%s,%s", proxies[0].url, proxies[1].url);
    cr_assert_eq(souk_client_new(addresses, 2, &client, NULL), SOUK_OK);
}

static souk_status ask(int lane, int64_t timeout_ms, struct souk_error *err)
{
    struct souk_answer answer;
    const souk_status status = souk_client_recommend(
        client, lane, &(struct souk_query){.id = "u", .n = 1, .timeout_ms = timeout_ms}, &answer,
        err);
    souk_answer_fini(&answer);
    return status;
}

/* Until both lanes reach the proxy of their own. */
static void connect_all(void)
{
    const int64_t end_us = souk_monotonic_us() + 5 * INT64_C(1000000);
    for (int i = 0; i < PROXIES; i++)
        while (atomic_load(&proxies[i].asked) == 0 && souk_monotonic_us() < end_us)
            cr_assert_eq(ask(i, TIMEOUT_MS, NULL), SOUK_OK);
    for (int i = 0; i < PROXIES; i++) {
        cr_assert(atomic_load(&proxies[i].asked) > 0);
        atomic_store(&proxies[i].asked, 0);
    }
}

static void begin(void)
{
    name_proxies();
    for (int i = 0; i < PROXIES; i++)
        start_proxy(i);
    make_client();
    connect_all();
}

static void end(void)
{
    souk_client_free(client);
    for (int i = 0; i < PROXIES; i++) {
        stop_proxy(i);
        unlink(proxies[i].url + strlen("ipc://"));
    }
}

TestSuite(client, .init = begin, .fini = end, .timeout = 60);

Test(client, lanes_share_the_proxies)
{
    for (int i = 0; i < 4; i++)
        cr_assert_eq(ask(i % 2, TIMEOUT_MS, NULL), SOUK_OK);
    cr_assert_eq(atomic_load(&proxies[0].asked), 2);
    cr_assert_eq(atomic_load(&proxies[1].asked), 2);
}

Test(client, leaves_a_proxy_that_drains)
{
    atomic_store(&proxies[0].draining, true);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(ask(0, TIMEOUT_MS, NULL), SOUK_OK);
    cr_assert_eq(atomic_load(&proxies[0].asked), 1, "it is not asked again at once");
    cr_assert_eq(atomic_load(&proxies[1].asked), 10);
}

Test(client, leaves_a_proxy_that_hangs)
{
    atomic_store(&proxies[0].hangs_ms, 300);
    cr_assert_eq(ask(0, 100, NULL), SOUK_ETIMEDOUT);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(ask(0, TIMEOUT_MS, NULL), SOUK_OK);
    cr_assert_eq(atomic_load(&proxies[0].asked), 1);
}

Test(client, says_when_all_drain)
{
    struct souk_error err = {0};
    for (int i = 0; i < PROXIES; i++)
        atomic_store(&proxies[i].draining, true);
    cr_assert_eq(ask(0, 200, &err), SOUK_EUNAVAILABLE); /* one might have come back */
    cr_assert(strstr(err.msg, "draining"), "%s", err.msg);
    cr_assert(atomic_load(&proxies[0].asked) >= 2 && atomic_load(&proxies[1].asked) >= 2);
}

Test(client, loses_nothing_when_a_proxy_stops)
{
    stop_proxy(0);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(ask(i % 2, TIMEOUT_MS, NULL), SOUK_OK);
    cr_assert_eq(atomic_load(&proxies[1].asked), 10);
    start_proxy(0);
    for (int i = 0; atomic_load(&proxies[0].asked) == 0 && i < 1000; i++) {
        usleep(1000);
        cr_assert_eq(ask(0, TIMEOUT_MS, NULL), SOUK_OK);
    }
    cr_assert(atomic_load(&proxies[0].asked) > 0, "it is asked again when it is back");
}

/* ---- requests that are begun and not waited for ---- */

enum { BEGUN = 200 };

static struct {
    atomic_int left, ended, good;
} begun;

static void count_begun(void *context, souk_status status, const struct souk_answer *answer,
                        const struct souk_error *err)
{
    const int *lane = context;
    atomic_fetch_add(&begun.good,
                     status == SOUK_OK && strcmp(answer->model, "m") == 0 && !*err->msg);
    if (atomic_fetch_sub(&begun.left, 1) > 0)
        souk_client_recommend_begin(client, *lane, &(struct souk_query){.id = "u", .n = 1},
                                    count_begun, context);
    atomic_fetch_add(&begun.ended, 1);
}

static void await_begun(int count)
{
    const int64_t end_us = souk_monotonic_us() + 20 * INT64_C(1000000);
    while (atomic_load(&begun.ended) < count && souk_monotonic_us() < end_us)
        usleep(1000);
    cr_assert_eq(atomic_load(&begun.ended), count);
}

Test(client, begins_again_from_the_end_of_a_request)
{
    static const int lanes[] = {0, 1};
    atomic_store(&begun.left, BEGUN);
    for (int i = 0; i < 2; i++)
        souk_client_recommend_begin(client, lanes[i], &(struct souk_query){.id = "u", .n = 1},
                                    count_begun, (void *)&lanes[i]);
    await_begun(BEGUN + 2);
    cr_assert_eq(atomic_load(&begun.good), BEGUN + 2);
    cr_assert_eq(atomic_load(&proxies[0].asked) + atomic_load(&proxies[1].asked), BEGUN + 2);
    cr_assert(atomic_load(&proxies[0].asked) > 0 && atomic_load(&proxies[1].asked) > 0);
}

static void end_without_answer(void *context, souk_status status, const struct souk_answer *answer,
                               const struct souk_error *err)
{
    const souk_status *expected = context;
    atomic_fetch_add(&begun.good, status == *expected && answer->count == 0 && *err->msg);
    atomic_fetch_add(&begun.ended, 1);
}

Test(client, tells_the_end_of_what_was_begun_in_vain)
{
    static souk_status expected = SOUK_ETIMEDOUT;
    const struct souk_query query = {.id = "u", .n = 1, .timeout_ms = 100};
    atomic_store(&proxies[0].hangs_ms, 300);
    souk_client_recommend_begin(client, 0, &query, end_without_answer, &expected);
    await_begun(1);
    cr_assert_eq(atomic_load(&begun.good), 1);
    for (int i = 0; i < PROXIES; i++)
        stop_proxy(i);
    usleep(100000); /* the client notices */
    expected = SOUK_EUNAVAILABLE;
    souk_client_recommend_begin(client, 0, &query, end_without_answer, &expected);
    await_begun(2);
    cr_assert_eq(atomic_load(&begun.good), 2, "no proxy is connected");
    for (int i = 0; i < PROXIES; i++)
        start_proxy(i);
}

/* A peer that takes a request and dies with it. */
static void take_and_die(void *argument)
{
    const nng_socket *socket = argument;
    nng_msg *msg = NULL;
    cr_assert_eq(nng_recvmsg(*socket, &msg, 0), 0);
    nng_msg_free(msg);
    nng_close(*socket);
}

static souk_status call_a_dying_proxy(bool idempotent, struct souk_error *err)
{
    const struct souk_client_terms terms = {
        .deadline_ms = 1000, .timeout_ms = TIMEOUT_MS, .idempotent = idempotent};
    nng_socket socket;
    nng_thread *thread;
    const void *bytes;
    size_t len;
    stop_proxy(0);
    cr_assert_eq(nng_rep0_open(&socket), 0);
    cr_assert_eq(nng_listen(socket, proxies[0].url, NULL, 0), 0);
    cr_assert_eq(nng_thread_create(&thread, take_and_die, &socket), 0);
    usleep(300000); /* the client dials again within 100 ms */
    souk_client_begin(client, 0, "event", 0);
    const souk_status status = souk_client_call(client, 0, &terms, &bytes, &len, err);
    nng_thread_destroy(thread);
    start_proxy(0);
    return status;
}

Test(client, repeats_what_may_have_run_only_where_that_is_harmless)
{
    struct souk_error err = {0};
    cr_assert_eq(call_a_dying_proxy(true, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(atomic_load(&proxies[1].asked), 1);
    cr_assert(atomic_load(&proxies[1].deadline_ms) <= 1000, "what is left of the deadline");
    cr_assert_eq(call_a_dying_proxy(false, &err), SOUK_EUNAVAILABLE);
    cr_assert(strstr(err.msg, "may have run"), "%s", err.msg);
    cr_assert_eq(atomic_load(&proxies[1].asked), 1);
}
