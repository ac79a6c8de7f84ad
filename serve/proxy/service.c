#include "serve/proxy/service.h"

#include "serve/proxy/answering.h"
#include "serve/proxy/contextevents.h"
#include "serve/proxy/eventintake.h"
#include "serve/proxy/explain.h"
#include "serve/proxy/gate.h"
#include "serve/proxy/job.h"
#include "serve/proxy/metadata.h"
#include "serve/proxy/narrowing.h"
#include "serve/proxy/onestage.h"
#include "serve/proxy/proxyhealth.h"
#include "serve/proxy/requestlog.h"
#include "serve/proxy/twostage.h"
#include "serve/proxy/userprofile.h"
#include "serve/proxy/userstats.h"
#include "serve/proxy/visitorfold.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A request that may be answered out of the cache is a few hundred bytes; the thread that looks
 * must not be held up by a long one. */
enum { EARLY_BYTES_MAX = 1024 };

struct souk_service {
    struct souk_topology *topology;
    struct souk_proxy_metrics *metrics;
    int workers;
    int64_t deadline_ms;
    struct souk_workspace *spaces; /* [workers] */
    struct souk_hedging hedging;
    struct souk_unique_ids ids;
    struct souk_answering answering;
    struct souk_slow_log slow;
    struct souk_rules_shelf shelf;
    struct souk_recent_source recent; /* without a get: no store */
    struct souk_event_intake *intake; /* NULL: no events are kept */
    struct souk_access *access;       /* NULL: all may ask */
};

souk_status souk_service_new(struct souk_topology *topology, struct souk_proxy_metrics *metrics,
                             struct souk_answer_cache *cache, int workers, int64_t deadline_ms,
                             struct souk_service **out, struct souk_error *err)
{
    struct souk_service *s = souk_zalloc_array(1, sizeof *s);
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!s)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    souk_hedging_init(&s->hedging);
    souk_unique_ids_init(&s->ids);
    souk_answering_init(&s->answering, cache);
    souk_rules_shelf_init(&s->shelf);
    s->topology = topology;
    s->metrics = metrics;
    s->deadline_ms = deadline_ms;
    s->spaces = souk_zalloc_array((size_t)workers, sizeof *s->spaces);
    if (!s->spaces)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d workers", workers);
    for (int i = 0; i < workers && !status; i++) {
        s->workers++;
        status = souk_workspace_init(&s->spaces[i], topology, &s->hedging, err);
    }
    if (status) {
        souk_service_free(s);
        return status;
    }
    *out = s;
    return SOUK_OK;
}

void souk_service_free(struct souk_service *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->workers; i++)
        souk_workspace_fini(&s->spaces[i]);
    souk_hedging_fini(&s->hedging);
    souk_answering_fini(&s->answering);
    souk_rules_shelf_fini(&s->shelf);
    free(s->spaces);
    free(s);
}

void souk_service_log_slow(struct souk_service *s, int64_t slow_ms)
{
    souk_slow_log_init(&s->slow, slow_ms);
}

void souk_service_read_recent(struct souk_service *s, struct souk_recent_source source)
{
    s->recent = source;
}

static souk_status read_recent(void *context, const char *user, size_t len, int64_t since_ms,
                               struct souk_recent_list *list)
{
    return souk_recent_events_get(context, user, len, since_ms, list);
}

void souk_service_keep_events(struct souk_service *s, struct souk_event_intake *intake)
{
    s->intake = intake;
    if (intake)
        souk_service_read_recent(
            s, (struct souk_recent_source){read_recent, souk_event_intake_recent(intake)});
}

void souk_service_guard(struct souk_service *s, struct souk_access *access)
{
    s->access = access;
}

const struct souk_hedging *souk_service_hedging(const struct souk_service *s)
{
    return &s->hedging;
}

/* ---- the answer ---- */

static void put_sure(struct souk_writer *w, const struct souk_sure *sure)
{
    souk_writer_put_real(w, "confidence", sure->confidence);
    souk_writer_key(w, "probability");
    if (isfinite(sure->probability))
        souk_writer_real(w, sure->probability);
    else
        souk_writer_nil(w);
}

static void put_list(struct souk_job *j, const char *source)
{
    const struct souk_merge *m = &j->space->merge;
    const struct souk_topk *list = &m->best;
    struct souk_writer *w = j->reply;
    souk_writer_key(w, "recommendations");
    souk_writer_array(w, (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        const msgpack_object *metadata = souk_job_next_metadata(j, list->hits[i].id);
        size_t explanation_len;
        const void *explanation = souk_job_explanation(j, i, &explanation_len);
        souk_writer_map(w,
                        (m->calibrated >= 0 ? 5 : 3) + (metadata != NULL) + (explanation != NULL));
        if (m->calibrated >= 0)
            put_sure(w, &m->sure[list->hits[i].item]);
        souk_writer_put_string(w, "item_id", list->hits[i].id);
        souk_writer_key(w, "score");
        souk_writer_float(w, list->hits[i].score);
        souk_writer_key(w, "scores");
        souk_writer_map(w, 1);
        souk_writer_key(w, source);
        souk_writer_float(w, list->hits[i].score);
        if (metadata) {
            souk_writer_key(w, "metadata");
            souk_writer_object(w, metadata);
        }
        if (explanation) {
            souk_writer_key(w, "explanation");
            souk_writer_raw(w, explanation, explanation_len);
        }
    }
}

static void put_result(struct souk_job *j, const struct souk_result *r, const char *source)
{
    struct souk_writer *w = j->reply;
    bool partial = false;
    for (int s = 0; s < souk_topology_shards(j->topology); s++)
        partial |= j->space->missed[s];
    put_list(j, source);
    souk_writer_put_int(w, "total_candidates_scored", r->scored);
    souk_writer_put_bool(w, "partial", partial);
    souk_writer_put_bool(w, "degraded", j->degraded);
    souk_writer_put_real(w, "coverage",
                         j->view.catalogue > 0 ? (double)r->items / (double)j->view.catalogue : 1);
}

/* What the scores are of. */
static const char *source_of(const struct souk_job *j, bool staged)
{
    if (staged || j->vector_bytes > 0 || j->weight_bytes > 0)
        return j->view.kind;
    return j->preferences.map ? "preferences" : "popular";
}

static void recommend(struct souk_job *j)
{
    struct souk_result result;
    if (!souk_job_take_fields(j, "user") || !souk_job_may_explain(j) || !souk_job_take_lately(j) ||
        !souk_job_get_profile(j) ||
        !(j->view.sources > 0 ? souk_job_add_lately : souk_job_fold_in)(j))
        return;
    const bool staged = souk_job_is_staged(j);
    if (!(staged ? souk_job_rank : souk_job_scan)(j, &result) || !souk_job_explain_list(j) ||
        !souk_job_describe(j))
        return;
    const bool is_sure = j->min_confidence > 0;
    souk_answering_begin_list(j, 7 + (j->view.sources > 0) + is_sure);
    souk_writer_put_text(j->reply, "user_id", j->id, j->id_len);
    souk_writer_put_string(j->reply, "user_type", souk_job_user_type(j));
    if (j->view.sources > 0)
        souk_writer_put_int(j->reply, "moment_ms", j->moment_ms);
    if (is_sure) /* souk_conformal_is_guaranteed() */
        souk_writer_put_bool(j->reply, "guaranteed",
                             ((double)j->space->merge.calibrated + 1) * j->min_confidence >= 1);
    put_result(j, &result, source_of(j, staged));
}

static void similar(struct souk_job *j)
{
    struct souk_result result;
    if (!souk_job_take_fields(j, "item") || !souk_job_get_item(j) || !souk_job_scan(j, &result) ||
        !souk_job_describe(j))
        return;
    j->space->notes.count = 0; /* of the request before */
    souk_answering_begin_list(j, 6);
    souk_writer_put_text(j->reply, "item_id", j->id, j->id_len);
    put_result(j, &result,
               j->source[0]          ? j->source
               : j->weight_bytes > 0 ? j->view.kind
                                     : "cosine");
}

typedef void (*answerer)(struct souk_job *j);

static answerer answerer_of(const struct souk_request *r)
{
    static const struct {
        const char *name;
        answerer run;
    } operations[] = {{"recommend", recommend},
                      {"similar", similar},
                      {"explain", souk_job_explain},
                      {"user_stats", souk_job_user_stats}};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (souk_request_is(r, operations[i].name))
            return operations[i].run;
    return NULL;
}

/* The view for the user that is asked about. */
static void look(const struct souk_job *j, struct souk_view *view)
{
    const char *user = NULL;
    size_t len = 0;
    if (!souk_message_text(&j->request->message, "user", SOUK_ID_MAX_BYTES, &user, &len))
        user = NULL; /* the request will be refused */
    souk_topology_view_for(j->topology, user, len, view);
}

/* A shard holds another model than the view said: wait until all hold one again, but leave half of
 * the time for the answer. */
static void wait_for_another_view(const struct souk_job *j)
{
    const int64_t now = souk_monotonic_us();
    struct souk_view view;
    do {
        const struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
        look(j, &view);
    } while ((view.status != SOUK_WIRE_OK || strcmp(view.model, j->view.model) == 0) &&
             souk_monotonic_us() - now < (j->deadline_us - now) / 2);
}

/* What the answer was like. `explain` returns no list, `similar` is of no user. */
static struct souk_answer_facts facts_of(const struct souk_job *j, answerer answer)
{
    struct souk_answer_facts facts = {.status = (int16_t)j->reply->status};
    if (facts.status != SOUK_WIRE_OK)
        return facts;
    for (int s = 0; s < souk_topology_shards(j->topology); s++)
        facts.partial |= j->space->missed[s];
    facts.degraded = j->degraded;
    facts.of_user = answer != similar;
    facts.warm = facts.of_user && strcmp(souk_job_user_type(j), "warm") == 0;
    facts.has_list = answer == recommend || answer == similar;
    facts.returned = facts.has_list ? j->space->merge.best.count : 0;
    return facts;
}

/* A request runs from its start to its end on one model. The second time a shard that holds
 * another one counts as absent. */
static void run(struct souk_job *j, answerer answer)
{
    const struct souk_job start = *j;
    for (int attempt = 0; attempt < 2; attempt++) {
        *j = start;
        j->may_restart = attempt == 0;
        j->ahead = -1;
        memset(j->space->missed, 0, (size_t)souk_topology_shards(j->topology));
        look(j, &j->view);
        if (j->view.status != SOUK_WIRE_OK)
            souk_reply_error(j->reply, j->request, j->view.status, "%s", j->view.reason);
        else
            answer(j);
        if (!j->stale)
            return;
        souk_counter_add(j->metrics->restarts, 1);
        wait_for_another_view(j);
    }
}

/* Compute the answer, where nobody else has or does. */
static void run_once(struct souk_service *s, struct souk_job *j, answerer answer)
{
    struct souk_answering_turn turn;
    if (souk_answering_begin(&s->answering, j, &turn))
        return;
    run(j, answer);
    const struct souk_answer_facts facts = facts_of(j, answer);
    souk_answer_facts_count(&facts, j->metrics);
    if (facts.has_list)
        souk_histogram_add(j->metrics->scored, j->scored);
    souk_answering_end(&s->answering, j, &turn, &facts);
}

static void dispatch(struct souk_service *s, struct souk_job *j)
{
    const struct souk_request *r = j->request;
    const answerer answer = answerer_of(r);
    if (souk_request_is(r, "health"))
        souk_job_health(j, souk_gate_shows_fleet(s->access, r));
    else if (!answer)
        souk_reply_error(j->reply, r, SOUK_WIRE_UNKNOWN_OPERATION,
                         "the proxy does not know the operation '%.*s'", (int)r->operation_len,
                         r->operation);
    else if (j->deadline_us <= souk_monotonic_us())
        souk_reply_error(j->reply, r, SOUK_WIRE_DEADLINE, "no time is left");
    else
        run_once(s, j, answer);
}

static struct souk_job job_of(struct souk_service *s, struct souk_request *request,
                              int64_t received_us, struct souk_writer *reply)
{
    request->start_us = received_us;
    const int64_t ms = request->deadline_ms >= 0 ? request->deadline_ms : s->deadline_ms;
    struct souk_job j = {.topology = s->topology,
                         .metrics = s->metrics,
                         .ids = &s->ids,
                         .shelf = &s->shelf,
                         .recent = s->recent.get ? &s->recent : NULL,
                         .request = request,
                         .reply = reply,
                         .deadline_us = received_us + ms * 1000};
    look(&j, &j.view);
    return j;
}

/* The request is the intake's where the task is kept. */
static enum souk_task_step take_events(struct souk_service *s, struct souk_task *task,
                                       struct souk_request *request, struct souk_writer *reply)
{
    if (s->intake)
        return souk_event_intake_take(s->intake, task, request, reply);
    souk_reply_error(reply, request, SOUK_WIRE_UNKNOWN_OPERATION,
                     "this proxy keeps no events: start it with --events");
    return SOUK_TASK_ANSWERED;
}

/* @return SOUK_TASK_PASSED: a worker must answer it */
static enum souk_task_step answer_early(struct souk_service *s, struct souk_task *task,
                                        struct souk_request *request, struct souk_writer *reply)
{
    struct souk_job j;
    request->start_us = task->received_us;
    if (!souk_gate_check(s->access, request, reply))
        return SOUK_TASK_ANSWERED;
    if (souk_request_is(request, "event"))
        return take_events(s, task, request, reply);
    if (!s->answering.cache)
        return SOUK_TASK_PASSED;
    j = job_of(s, request, task->received_us, reply);
    return souk_answering_serve(&s->answering, &j) ? SOUK_TASK_ANSWERED : SOUK_TASK_PASSED;
}

/* Each request is checked once: where it arrives, or by a worker where it is too long for that. */
static bool is_for_early(const struct souk_service *s, const struct souk_task *task)
{
    return task->len <= EARLY_BYTES_MAX && (s->answering.cache || s->intake || s->access);
}

/* By a worker. */
static enum souk_task_step answer_late(struct souk_service *s, int worker, struct souk_task *task,
                                       struct souk_request *request, struct souk_writer *reply)
{
    request->start_us = task->received_us;
    if (!is_for_early(s, task) && !souk_gate_check(s->access, request, reply))
        return SOUK_TASK_ANSWERED;
    if (souk_request_is(request, "event"))
        return take_events(s, task, request, reply);
    struct souk_job j = job_of(s, request, task->received_us, reply);
    j.space = &s->spaces[worker];
    souk_request_log_begin(&j);
    dispatch(s, &j);
    souk_request_log_end(&s->slow, &j);
    return SOUK_TASK_ANSWERED;
}

enum souk_task_step souk_service_handle(void *context, int worker, struct souk_task *task,
                                        struct souk_writer *reply)
{
    struct souk_service *s = context;
    struct souk_request request;
    enum souk_task_step step = SOUK_TASK_ANSWERED;
    souk_request_metrics_begin(&s->metrics->request);
    if (souk_request_parse(&request, task->request, task->len, reply))
        step = answer_late(s, worker, task, &request, reply);
    if (step == SOUK_TASK_KEPT) /* it may be answered, and gone, by now */
        return step;
    souk_request_metrics_end(&s->metrics->request, &request, reply);
    souk_request_fini(&request);
    return step;
}

enum souk_task_step souk_service_handle_early(void *context, struct souk_task *task,
                                              struct souk_writer *reply)
{
    struct souk_service *s = context;
    struct souk_request request;
    enum souk_task_step step = SOUK_TASK_ANSWERED; /* what cannot be read has its reply */
    if (!is_for_early(s, task))
        return SOUK_TASK_PASSED;
    souk_request_metrics_begin(&s->metrics->request);
    if (souk_request_parse(&request, task->request, task->len, reply))
        step = answer_early(s, task, &request, reply);
    if (step == SOUK_TASK_KEPT)
        return step;
    if (step == SOUK_TASK_ANSWERED)
        souk_request_metrics_end(&s->metrics->request, &request, reply);
    else
        souk_request_metrics_pass(&s->metrics->request);
    souk_request_fini(&request);
    return step;
}
