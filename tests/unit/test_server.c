#include "serve/net/server.h"

#include "serve/net/caller.h"
#include "shared/base/clock.h"
#include "shared/wire/message.h"
#include "shared/wire/reply.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 2, QUEUE = 3, CALLS = 12, TIMEOUT_MS = 10000 };

static struct souk_server *server;
static struct souk_caller caller;
static struct souk_call calls[CALLS];
static char url[64];

/* The workers wait here until the test lets them go. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool is_open;
static atomic_int handled, handled_early;
static bool is_early;

static void open_gate(bool value)
{
    pthread_mutex_lock(&lock);
    is_open = value;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&lock);
}

static enum souk_task_step handle(void *context, int worker, struct souk_task *task,
                                  struct souk_writer *reply)
{
    struct souk_request request;
    cr_assert_eq(context, &server);
    cr_assert(worker >= 0 && worker < WORKERS);
    pthread_mutex_lock(&lock);
    while (!is_open)
        pthread_cond_wait(&opened, &lock);
    pthread_mutex_unlock(&lock);
    if (souk_request_parse(&request, task->request, task->len, reply)) {
        souk_reply_begin(reply, &request, NULL, 1);
        souk_writer_put_int(reply, "waited_us", souk_monotonic_us() - task->received_us);
    }
    souk_request_fini(&request);
    atomic_fetch_add(&handled, 1);
    return SOUK_TASK_ANSWERED;
}

/* Knows the answer to what even calls ask. */
static enum souk_task_step handle_early(void *context, struct souk_task *task,
                                        struct souk_writer *reply)
{
    struct souk_request request;
    bool known = false;
    cr_assert(context == &server && task->received_us <= souk_monotonic_us());
    if (!is_early)
        return SOUK_TASK_PASSED;
    if (souk_request_parse(&request, task->request, task->len, reply))
        known = request.id_len == 2 && (request.id[1] - '0') % 2 == 0;
    if (known)
        souk_reply_begin(reply, &request, NULL, 0);
    souk_request_fini(&request);
    atomic_fetch_add(&handled_early, known);
    return known ? SOUK_TASK_ANSWERED : SOUK_TASK_PASSED;
}

static void start(void)
{
    struct souk_error err = {0};
    is_early = false;
    snprintf(url, sizeof url, "ipc:///tmp/souk-test-server-%d", (int)getpid());
    const struct souk_server_plan plan = {.url = url,
                                          .work = {.workers = WORKERS,
                                                   .queue = QUEUE,
                                                   .handler = handle,
                                                   .early = handle_early,
                                                   .context = &server}};
    cr_assert_eq(souk_server_start(&plan, &server, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_caller_init(&caller, url, NULL, &err), SOUK_OK, "%s", err.msg);
    for (int i = 0; i < CALLS; i++)
        cr_assert_eq(souk_call_init(&calls[i], &caller, &err), SOUK_OK, "%s", err.msg);
    open_gate(false);
}

static void stop(void)
{
    open_gate(true);
    souk_server_stop(server);
    for (int i = 0; i < CALLS; i++)
        souk_call_fini(&calls[i]);
    souk_caller_fini(&caller);
    unlink(url + strlen("ipc://"));
}

TestSuite(server, .init = start, .fini = stop, .timeout = 30);

static void send_request(int call)
{
    struct souk_writer w;
    char id[8];
    snprintf(id, sizeof id, "c%d", call);
    souk_writer_init(&w);
    souk_writer_map(&w, 3);
    souk_writer_put_int(&w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(&w, "op", "wait");
    souk_writer_put_string(&w, "id", id);
    cr_assert_eq(souk_call_begin(&calls[call], w.buffer.data, w.buffer.size, TIMEOUT_MS), SOUK_OK);
    souk_writer_fini(&w);
}

/* @return status of the reply, which must carry the id of the request */
static int64_t reply_to(int call, int64_t *waited_us)
{
    const void *bytes = NULL;
    const char *id = NULL;
    size_t len = 0, id_len = 0;
    int64_t status = -1;
    char reason[64], wanted[8];
    struct souk_message m;
    cr_assert_eq(souk_call_end(&calls[call], TIMEOUT_MS, &bytes, &len), SOUK_OK);
    cr_assert_eq(souk_message_parse(&m, bytes, len, reason, sizeof reason), SOUK_WIRE_OK);
    cr_assert(souk_message_int(&m, "status", 0, 100, &status));
    cr_assert(souk_message_text(&m, "id", 64, &id, &id_len));
    snprintf(wanted, sizeof wanted, "c%d", call);
    cr_assert(id_len == strlen(wanted) && memcmp(id, wanted, id_len) == 0);
    if (waited_us)
        cr_assert(souk_message_int(&m, "waited_us", 0, INT64_MAX, waited_us));
    souk_message_fini(&m);
    return status;
}

/* So many are there, and as many of them at work as can be. */
static void wait_until_busy(int count)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    const int waiting = count > WORKERS ? count - WORKERS : 0;
    for (int i = 0;
         i < TIMEOUT_MS && (souk_workforce_busy(souk_server_force(server)) != count ||
                            souk_workforce_waiting(souk_server_force(server)) != waiting);
         i++)
        nanosleep(&pause, NULL);
    cr_assert_eq(souk_workforce_busy(souk_server_force(server)), count);
    cr_assert_eq(souk_workforce_waiting(souk_server_force(server)), waiting);
}

/* One after another, so that it is known which are refused. */
static void fill(void)
{
    for (int i = 0; i < WORKERS + QUEUE; i++) {
        send_request(i);
        wait_until_busy(i + 1);
    }
}

Test(server, refuses_at_once_what_the_queue_cannot_hold)
{
    fill();
    for (int i = WORKERS + QUEUE; i < CALLS; i++)
        send_request(i);
    for (int i = WORKERS + QUEUE; i < CALLS; i++)
        cr_assert_eq(reply_to(i, NULL), SOUK_WIRE_OVERLOADED);
    cr_assert_eq(atomic_load(&handled), 0, "nobody has worked yet");
    cr_assert_eq(souk_workforce_refused(souk_server_force(server), SOUK_DENIAL_QUEUE),
                 CALLS - WORKERS - QUEUE);
    open_gate(true);
    for (int i = 0; i < WORKERS + QUEUE; i++)
        cr_assert_eq(reply_to(i, NULL), SOUK_WIRE_OK);
    wait_until_busy(0);
}

Test(server, tells_the_handler_when_a_request_came)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    int64_t waited_us = 0;
    fill();
    nanosleep(&pause, NULL);
    open_gate(true);
    for (int i = 0; i < WORKERS + QUEUE; i++) {
        cr_assert_eq(reply_to(i, &waited_us), SOUK_WIRE_OK);
        cr_assert_geq(waited_us, 20000);
    }
}

Test(server, drains_what_it_has_taken_and_turns_others_away)
{
    fill();
    souk_workforce_drain(souk_server_force(server));
    for (int i = WORKERS + QUEUE; i < CALLS; i++)
        send_request(i);
    for (int i = WORKERS + QUEUE; i < CALLS; i++)
        cr_assert_eq(reply_to(i, NULL), SOUK_WIRE_DRAINING);
    cr_assert_eq(souk_workforce_refused(souk_server_force(server), SOUK_DENIAL_DRAINING),
                 CALLS - WORKERS - QUEUE);
    open_gate(true);
    for (int i = 0; i < WORKERS + QUEUE; i++)
        cr_assert_eq(reply_to(i, NULL), SOUK_WIRE_OK);
    wait_until_busy(0);
}

Test(server, answers_again_after_it_was_full)
{
    for (int round = 0; round < 3; round++) {
        int64_t statuses[2] = {0};
        open_gate(false);
        for (int i = 0; i < CALLS; i++)
            send_request(i);
        open_gate(true);
        for (int i = 0; i < CALLS; i++)
            statuses[reply_to(i, NULL) != SOUK_WIRE_OK]++;
        cr_assert_geq(statuses[0], QUEUE);
        cr_assert_eq(statuses[0] + statuses[1], CALLS);
    }
}

static void *open_late(void *argument)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    (void)argument;
    nanosleep(&pause, NULL);
    open_gate(true);
    return NULL;
}

Test(server, answers_what_is_queued_before_it_stops)
{
    pthread_t thread;
    fill();
    cr_assert_eq(pthread_create(&thread, NULL, open_late, NULL), 0);
    souk_server_stop(server);
    server = NULL;
    pthread_join(thread, NULL);
    cr_assert_eq(atomic_load(&handled), WORKERS + QUEUE);
}

Test(server, what_is_known_early_needs_no_worker_and_no_room)
{
    is_early = true;
    for (int i = 1; i < CALLS; i += 2) /* for the workers, more than there is room for */
        send_request(i);
    for (int i = 0; i < 10; i += 2) {
        send_request(i);
        cr_assert_eq(reply_to(i, NULL), SOUK_WIRE_OK);
    }
    cr_assert_eq(atomic_load(&handled_early), 5);
    cr_assert_eq(atomic_load(&handled), 0, "the workers wait at the gate");
    open_gate(true);
    for (int i = 1; i < CALLS; i += 2)
        reply_to(i, NULL);
}

static void *stop_server(void *argument)
{
    souk_server_stop(server);
    return argument;
}

Test(server, a_server_that_stops_refuses_what_it_knows_too)
{
    pthread_t thread;
    struct timespec pause = {.tv_nsec = 1000000};
    is_early = true;
    send_request(1);
    wait_until_busy(1);
    cr_assert_eq(pthread_create(&thread, NULL, stop_server, NULL), 0);
    int64_t status = SOUK_WIRE_OK;
    for (int i = 0; i < TIMEOUT_MS && status == SOUK_WIRE_OK; i++) {
        send_request(2);
        status = reply_to(2, NULL);
        nanosleep(&pause, NULL);
    }
    cr_assert_eq(status, SOUK_WIRE_DRAINING);
    open_gate(true);
    pthread_join(thread, NULL);
    server = NULL;
}
