#include "serve/net/workforce.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/wire/message.h"
#include "shared/wire/reply.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { PARSE_MAX = 64 << 10 }; /* a longer request is refused without reading its id or deadline */

struct worker {
    struct souk_workforce *force;
    int number;
    pthread_t thread;
    struct souk_writer reply;
};

struct souk_workforce {
    souk_task_handler handler;
    souk_early_handler early;
    void *context;
    int64_t deadline_ms;
    const struct souk_pinning *pinning;
    int places;
    atomic_int busy;    /* tasks that are not answered */
    atomic_int looking; /* threads of listeners that are in the early handler, or about to */
    int started;        /* workers with a thread */
    struct worker *workers;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;  /* the queue grew, or we are stopping */
    bool stopping;
    int64_t begun;
    struct souk_admission admission;
    int head;
    struct souk_task **queue; /* ring [ring] */
    int ring;
};

/* ---- taking in ---- */

void souk_task_answer(struct souk_task *task, const struct souk_writer *reply)
{
    struct souk_workforce *f = task->force;
    task->answer(task, reply);
    atomic_fetch_sub(&f->busy, 1);
}

/* @return why not; SOUK_DENIAL_NONE: it waits for a worker */
static enum souk_denial enqueue(struct souk_workforce *f, struct souk_task *task, int64_t left_us)
{
    pthread_mutex_lock(&f->lock);
    const enum souk_denial denial = souk_admission_judge(&f->admission, left_us);
    if (denial == SOUK_DENIAL_NONE) {
        f->queue[(f->head + f->admission.queued) % f->ring] = task;
        souk_admission_enter(&f->admission);
        if (souk_admission_may_begin(&f->admission))
            pthread_cond_signal(&f->work);
    }
    pthread_mutex_unlock(&f->lock);
    return denial;
}

static void refuse(struct souk_task *task, const struct souk_request *request,
                   enum souk_denial denial)
{
    static const char *const texts[SOUK_DENIALS] = {"too many requests are waiting",
                                                    "its turn would come too late",
                                                    "this process is stopping"};
    struct souk_workforce *f = task->force;
    struct souk_writer reply;
    pthread_mutex_lock(&f->lock);
    f->admission.refused[denial]++;
    pthread_mutex_unlock(&f->lock);
    souk_writer_init(&reply);
    souk_reply_error(&reply, request,
                     denial == SOUK_DENIAL_DRAINING ? SOUK_WIRE_DRAINING : SOUK_WIRE_OVERLOADED,
                     "%s", texts[denial]);
    souk_task_answer(task, &reply);
    souk_writer_fini(&reply);
}

static int64_t left_us(const struct souk_workforce *f, const struct souk_request *request)
{
    if (request->deadline_ms >= 0)
        return request->deadline_ms * 1000;
    return f->deadline_ms > 0 ? f->deadline_ms * 1000 : INT64_MAX;
}

/* Not all can be worked for at once: the request's deadline decides, here and now, on the
 * listener's thread: to refuse must cost next to nothing. What cannot be read waits for a worker,
 * who will say so. */
static void weigh(struct souk_task *task)
{
    struct souk_request request = {.id = "", .deadline_ms = -1, .shard = -1};
    struct souk_writer unused;
    const bool is_short = task->len <= PARSE_MAX;
    souk_writer_init(&unused);
    const bool is_read =
        is_short && souk_request_parse(&request, task->request, task->len, &unused);
    request.start_us = task->received_us;
    const enum souk_denial denial =
        enqueue(task->force, task, is_read ? left_us(task->force, &request) : INT64_MAX);
    if (denial != SOUK_DENIAL_NONE)
        refuse(task, &request, denial);
    if (is_short)
        souk_request_fini(&request);
    souk_writer_fini(&unused);
}

static bool is_draining(struct souk_workforce *f)
{
    pthread_mutex_lock(&f->lock);
    const bool draining = f->admission.draining;
    pthread_mutex_unlock(&f->lock);
    return draining;
}

static enum souk_task_step look(struct souk_workforce *f, struct souk_task *task)
{
    struct souk_writer reply;
    if (is_draining(f))
        return SOUK_TASK_PASSED;
    souk_writer_init(&reply);
    const enum souk_task_step step = f->early(f->context, task, &reply);
    if (step == SOUK_TASK_ANSWERED)
        souk_task_answer(task, &reply);
    souk_writer_fini(&reply);
    return step;
}

/* @return false: the request is to go the usual way */
static bool answer_early(struct souk_workforce *f, struct souk_task *task)
{
    if (!f->early)
        return false;
    atomic_fetch_add(&f->looking, 1);
    const enum souk_task_step step = look(f, task);
    atomic_fetch_sub(&f->looking, 1);
    return step != SOUK_TASK_PASSED;
}

void souk_workforce_take(struct souk_workforce *f, struct souk_task *task)
{
    task->force = f;
    atomic_fetch_add(&f->busy, 1);
    if (answer_early(f, task))
        return;
    if (enqueue(f, task, 0) != SOUK_DENIAL_NONE) /* no time to wait: only if it need not */
        weigh(task);
}

/* ---- workers ---- */

/* The next request; NULL: stopping, and nothing is left. */
static struct souk_task *dequeue(struct souk_workforce *f)
{
    struct souk_admission *a = &f->admission;
    struct souk_task *task = NULL;
    pthread_mutex_lock(&f->lock);
    while (!souk_admission_may_begin(a) && !(f->stopping && a->queued == 0))
        pthread_cond_wait(&f->work, &f->lock);
    if (a->queued > 0) {
        task = f->queue[f->head];
        f->head = (f->head + 1) % f->ring;
        souk_admission_begin(a);
        f->begun++;
        if (souk_admission_may_begin(a)) /* the limit has grown, or nobody was told */
            pthread_cond_signal(&f->work);
    }
    pthread_mutex_unlock(&f->lock);
    return task;
}

static void answer(struct worker *w, struct souk_task *task)
{
    struct souk_workforce *f = w->force;
    const int64_t begun_us = souk_monotonic_us();
    souk_writer_clear(&w->reply);
    const enum souk_task_step step = f->handler(f->context, w->number, task, &w->reply);
    const int64_t took_us = souk_monotonic_us() - begun_us;
    if (step != SOUK_TASK_KEPT)
        souk_task_answer(task, &w->reply);
    pthread_mutex_lock(&f->lock);
    souk_admission_end(&f->admission, took_us);
    pthread_mutex_unlock(&f->lock);
}

static void pin(const struct worker *w)
{
    struct souk_error err = {0};
    if (w->force->pinning && souk_pinning_bind(w->force->pinning, w->number, &err) != SOUK_OK)
        souk_log(SOUK_LOG_WARN, "not_pinned", "reason=\"%s\"", err.msg);
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct souk_task *task;
    pin(w);
    while ((task = dequeue(w->force)))
        answer(w, task);
    return NULL;
}

/* ---- making, asking, ending ---- */

static souk_status start_workers(struct souk_workforce *f, int workers, struct souk_error *err)
{
    for (int i = 0; i < workers; i++) {
        struct worker *w = &f->workers[i];
        w->force = f;
        w->number = i;
        souk_writer_init(&w->reply);
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            souk_writer_fini(&w->reply);
            return souk_fail(err, SOUK_ENOMEM, "cannot start %d workers", workers);
        }
        f->started++;
    }
    return SOUK_OK;
}

souk_status souk_workforce_start(const struct souk_workforce_plan *plan,
                                 struct souk_workforce **out, struct souk_error *err)
{
    struct souk_workforce *f = souk_zalloc_array(1, sizeof *f);
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!f)
        return souk_fail(err, SOUK_ENOMEM, "no memory for workers");
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->work, NULL);
    atomic_init(&f->busy, 0);
    atomic_init(&f->looking, 0);
    f->handler = plan->handler;
    f->early = plan->early;
    f->context = plan->context;
    f->pinning = plan->pinning;
    f->deadline_ms = plan->deadline_ms;
    souk_admission_init(&f->admission, plan->workers, plan->queue, plan->limit);
    f->ring = plan->workers + plan->queue; /* who need not wait passes through it, too */
    f->places = f->ring + plan->kept;
    f->workers = souk_zalloc_array((size_t)plan->workers, sizeof *f->workers);
    f->queue = souk_zalloc_array((size_t)f->ring, sizeof(struct souk_task *));
    status = f->workers && f->queue
                 ? start_workers(f, plan->workers, err)
                 : souk_fail(err, SOUK_ENOMEM, "no memory for %d requests", f->ring);
    if (status) {
        souk_workforce_free(f);
        return status;
    }
    *out = f;
    return SOUK_OK;
}

int souk_workforce_busy(struct souk_workforce *f)
{
    return atomic_load(&f->busy);
}

int souk_workforce_waiting(struct souk_workforce *f)
{
    pthread_mutex_lock(&f->lock);
    const int waiting = f->admission.queued;
    pthread_mutex_unlock(&f->lock);
    return waiting;
}

int64_t souk_workforce_begun(struct souk_workforce *f)
{
    pthread_mutex_lock(&f->lock);
    const int64_t begun = f->begun;
    pthread_mutex_unlock(&f->lock);
    return begun;
}

int64_t souk_workforce_refused(struct souk_workforce *f, enum souk_denial why)
{
    int64_t refused = 0;
    pthread_mutex_lock(&f->lock);
    for (int k = 0; k < SOUK_DENIALS; k++)
        refused += why == SOUK_DENIALS || (int)why == k ? f->admission.refused[k] : 0;
    pthread_mutex_unlock(&f->lock);
    return refused;
}

int souk_workforce_places(const struct souk_workforce *f)
{
    return f->places;
}

void souk_workforce_drain(struct souk_workforce *f)
{
    pthread_mutex_lock(&f->lock);
    f->admission.draining = true;
    pthread_cond_broadcast(&f->work);
    pthread_mutex_unlock(&f->lock);
}

void souk_workforce_stop(struct souk_workforce *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    f->admission.draining = true;
    pthread_cond_broadcast(&f->work);
    pthread_mutex_unlock(&f->lock);
    for (int i = 0; i < f->started; i++) {
        pthread_join(f->workers[i].thread, NULL);
        souk_writer_fini(&f->workers[i].reply);
    }
    f->started = 0;
    while (atomic_load(&f->looking) > 0) /* a moment: they do not wait */
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

void souk_workforce_free(struct souk_workforce *f)
{
    if (!f)
        return;
    souk_workforce_stop(f);
    pthread_cond_destroy(&f->work);
    pthread_mutex_destroy(&f->lock);
    free(f->queue);
    free(f->workers);
    free(f);
}
