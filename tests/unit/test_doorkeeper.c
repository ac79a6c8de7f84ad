/* A server with a door, and callers over inproc. */
#include "serve/net/caller.h"
#include "serve/net/refusals.h"
#include "serve/net/server.h"
#include "shared/base/clock.h"
#include "shared/wire/message.h"
#include "shared/wire/reply.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { CALLERS = 3, WAIT_MS = 20000, CALL_MS = 10000 };

static struct souk_server *server;
static struct souk_caller callers[CALLERS];
static struct souk_call calls[CALLERS];
static char url[64];

static void pause_ms(int64_t ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Answers after as many milliseconds as the request's deadline says. */
static enum souk_task_step handle(void *context, int worker, struct souk_task *task,
                                  struct souk_writer *reply)
{
    struct souk_request request;
    cr_assert(context == &server && worker >= 0 && task->received_us > 0);
    if (souk_request_parse(&request, task->request, task->len, reply)) {
        pause_ms(request.deadline_ms);
        souk_reply_begin(reply, &request, NULL, 0);
    }
    souk_request_fini(&request);
    return SOUK_TASK_ANSWERED;
}

static void start(struct souk_door_limits limits)
{
    struct souk_error err = {0};
    snprintf(url, sizeof url, "ipc:///tmp/souk-test-door-%d", (int)getpid());
    const struct souk_server_plan plan = {
        .url = url,
        .limits = limits,
        .work = {.workers = 2, .queue = 4, .handler = handle, .context = &server}};
    cr_assert_eq(souk_server_start(&plan, &server, &err), SOUK_OK, "%s", err.msg);
}

static void come(int i)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_caller_init(&callers[i], url, NULL, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_call_init(&calls[i], &callers[i], &err), SOUK_OK, "%s", err.msg);
}

static void go(int i)
{
    souk_call_fini(&calls[i]);
    souk_caller_fini(&callers[i]);
}

static souk_status ask(int i, int64_t busy_ms)
{
    struct souk_writer w;
    const void *bytes = NULL;
    size_t len = 0;
    souk_writer_init(&w);
    souk_writer_map(&w, 3);
    souk_writer_put_int(&w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(&w, "op", "test");
    souk_writer_put_int(&w, "deadline_ms", busy_ms);
    souk_status status = souk_call_begin(&calls[i], w.buffer.data, w.buffer.size, CALL_MS);
    if (!status)
        status = souk_call_end(&calls[i], CALL_MS, &bytes, &len);
    souk_writer_fini(&w);
    return status;
}

/* A request that meets the end of its connection is asked again, as clients do. */
static souk_status ask_again(int i)
{
    souk_status status;
    do
        status = ask(i, 0);
    while (status == SOUK_EUNAVAILABLE);
    return status;
}

static void wait_for_count(enum souk_refusal reason, uint64_t count)
{
    for (int ms = 0; ms < WAIT_MS && souk_refusals_counted(reason) < count; ms += 5)
        pause_ms(5);
    cr_assert_geq(souk_refusals_counted(reason), count);
}

Test(doorkeeper, closes_connections_over_the_limit)
{
    start((struct souk_door_limits){.connections = 2});
    for (int i = 0; i < 2; i++) {
        come(i);
        cr_assert_eq(ask(i, 0), SOUK_OK);
    }
    cr_assert_eq(souk_refusals_counted(SOUK_REFUSAL_LIMIT), 0);
    come(2);
    wait_for_count(SOUK_REFUSAL_LIMIT, 1);
    cr_assert_eq(souk_server_connections(server), 2);
    cr_assert_eq(ask(0, 0), SOUK_OK, "those that are there do not notice");
    go(1);
    cr_assert_eq(ask_again(2), SOUK_OK, "there is room again, and it comes back by itself");
    go(0);
    go(2);
    souk_server_stop(server);
}

Test(doorkeeper, closes_the_idle_and_lets_them_come_back)
{
    start((struct souk_door_limits){.idle_ms = 100});
    come(0);
    for (uint64_t round = 1; round <= 3; round++) {
        cr_assert_eq(ask_again(0), SOUK_OK, "round %d", (int)round);
        wait_for_count(SOUK_REFUSAL_IDLE, round);
    }
    go(0);
    souk_server_stop(server);
}

Test(doorkeeper, does_not_close_one_that_waits_for_an_answer)
{
    start((struct souk_door_limits){.idle_ms = 50});
    come(0);
    cr_assert_eq(ask(0, 400), SOUK_OK);
    go(0);
    souk_server_stop(server);
}

Test(doorkeeper, gives_memory_back_when_most_of_a_crowd_has_left)
{
    struct souk_crowd crowd = {0};
    cr_assert(!souk_crowd_has_left(&crowd, 0));
    cr_assert(!souk_crowd_has_left(&crowd, 4000));
    cr_assert(!souk_crowd_has_left(&crowd, 2001), "not yet half of them");
    cr_assert(!souk_crowd_has_left(&crowd, 2000), "nng is still freeing");
    cr_assert(!souk_crowd_has_left(&crowd, 2000));
    cr_assert(souk_crowd_has_left(&crowd, 2000));
    for (int i = 0; i < 5; i++)
        cr_assert(!souk_crowd_has_left(&crowd, 1100), "once is enough, and a few are no crowd");
}
