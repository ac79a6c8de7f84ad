#include "serve/net/workforce.h"

#include "shared/base/clock.h"
#include "shared/wire/reply.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

/* A workforce whose handler keeps what is called "keep", early or by a worker; somebody else
 * answers that later. */
enum { TASKS = 64, WORKERS = 2, QUEUE = 64 };

struct call {
    struct souk_task task; /* first */
    struct souk_writer bytes;
    atomic_int answers, status;
};

static struct souk_workforce *force;
static struct call calls[TASKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct souk_task *kept[TASKS];
static int kept_count;

static void note_answer(struct souk_task *task, const struct souk_writer *reply)
{
    struct call *c = (struct call *)task;
    atomic_store(&c->status, reply->status);
    atomic_fetch_add(&c->answers, 1);
}

static enum souk_task_step keep(struct souk_task *task)
{
    pthread_mutex_lock(&lock);
    kept[kept_count++] = task;
    pthread_mutex_unlock(&lock);
    return SOUK_TASK_KEPT;
}

static enum souk_task_step answer(void *context, int worker, struct souk_task *task,
                                  struct souk_writer *reply)
{
    struct souk_request request;
    enum souk_task_step step = SOUK_TASK_ANSWERED;
    cr_assert(context == &force && worker < WORKERS);
    cr_assert(souk_request_parse(&request, task->request, task->len, reply));
    if (souk_request_is(&request, "keep"))
        step = keep(task);
    else
        souk_reply_begin(reply, &request, NULL, 0);
    souk_request_fini(&request);
    return step;
}

static atomic_bool lingers, has_left;

static void linger(void)
{
    atomic_store(&lingers, true);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    atomic_store(&has_left, true);
}

static enum souk_task_step answer_early(void *context, struct souk_task *task,
                                        struct souk_writer *reply)
{
    struct souk_request request;
    enum souk_task_step step = SOUK_TASK_PASSED;
    cr_assert(context == &force);
    cr_assert(souk_request_parse(&request, task->request, task->len, reply));
    if (souk_request_is(&request, "keep_early"))
        step = keep(task);
    if (souk_request_is(&request, "linger"))
        linger();
    souk_request_fini(&request);
    return step;
}

static void start(void)
{
    struct souk_error err = {0};
    const struct souk_workforce_plan plan = {.workers = WORKERS,
                                             .queue = QUEUE,
                                             .kept = TASKS,
                                             .handler = answer,
                                             .early = answer_early,
                                             .context = &force};
    cr_assert_eq(souk_workforce_start(&plan, &force, &err), SOUK_OK, "%s", err.msg);
    kept_count = 0;
    memset(calls, 0, sizeof calls);
}

static void stop(void)
{
    souk_workforce_free(force);
    for (int i = 0; i < TASKS; i++)
        if (calls[i].task.request)
            souk_writer_fini(&calls[i].bytes);
}

TestSuite(workforce, .init = start, .fini = stop, .timeout = 30);

static void give(int i, const char *operation)
{
    struct call *c = &calls[i];
    souk_writer_init(&c->bytes);
    souk_writer_map(&c->bytes, 2);
    souk_writer_put_int(&c->bytes, "v", 1);
    souk_writer_put_string(&c->bytes, "op", operation);
    c->task = (struct souk_task){.request = c->bytes.buffer.data,
                                 .len = c->bytes.buffer.size,
                                 .received_us = souk_monotonic_us(),
                                 .answer = note_answer};
    souk_workforce_take(force, &c->task);
}

static void wait_until_kept(int count)
{
    bool enough = false;
    while (!enough) {
        pthread_mutex_lock(&lock);
        enough = kept_count == count;
        pthread_mutex_unlock(&lock);
        sched_yield();
    }
}

static void wait_until_busy(int count)
{
    while (souk_workforce_busy(force) != count)
        sched_yield();
}

Test(workforce, has_places_for_what_waits_what_is_worked_for_and_what_is_kept)
{
    cr_assert_eq(souk_workforce_places(force), WORKERS + QUEUE + TASKS);
}

Test(workforce, keeps_tasks_without_a_worker_until_somebody_answers_them)
{
    const struct souk_request unread = {.id = "", .deadline_ms = -1, .shard = -1};
    struct souk_writer reply;
    for (int i = 0; i < TASKS; i++)
        give(i, i % 3 == 0 ? "keep" : i % 3 == 1 ? "keep_early" : "answer");
    wait_until_kept(TASKS - TASKS / 3); /* more than there are workers: none of them waits */
    wait_until_busy(TASKS - TASKS / 3);
    souk_writer_init(&reply);
    for (int k = 0; k < kept_count; k++) {
        cr_assert_eq(atomic_load(&((struct call *)kept[k])->answers), 0);
        souk_reply_error(&reply, &unread, SOUK_WIRE_UNAVAILABLE, "later");
        souk_task_answer(kept[k], &reply);
    }
    souk_writer_fini(&reply);
    wait_until_busy(0);
    for (int i = 0; i < TASKS; i++) {
        cr_assert_eq(atomic_load(&calls[i].answers), 1);
        cr_assert_eq(atomic_load(&calls[i].status),
                     i % 3 == 2 ? SOUK_WIRE_OK : SOUK_WIRE_UNAVAILABLE);
    }
}

static void *give_lingering(void *argument)
{
    give(0, "linger");
    return argument;
}

/* What an early handler uses may be freed after that. */
Test(workforce, stops_when_no_early_handler_runs_any_more)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, give_lingering, NULL), 0);
    while (!atomic_load(&lingers))
        sched_yield();
    souk_workforce_stop(force);
    cr_assert(atomic_load(&has_left));
    pthread_join(thread, NULL);
    cr_assert_eq(atomic_load(&calls[0].status), SOUK_WIRE_DRAINING);
}

Test(workforce, answers_what_is_queued_when_it_stops_and_draining_after)
{
    for (int i = 0; i < TASKS - 1; i++)
        give(i, "answer");
    souk_workforce_stop(force);
    give(TASKS - 1, "keep_early");
    for (int i = 0; i < TASKS; i++)
        cr_assert_eq(atomic_load(&calls[i].answers), 1);
    cr_assert_eq(atomic_load(&calls[TASKS - 1].status), SOUK_WIRE_DRAINING);
    cr_assert_eq(souk_workforce_refused(force, SOUK_DENIAL_DRAINING), 1);
}
