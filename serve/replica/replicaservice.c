#include "serve/replica/replicaservice.h"

#include "shared/base/clock.h"
#include "shared/base/log.h"

#include <string.h>

void souk_replica_service_init(struct souk_replica_service *s, struct souk_loader *loader,
                               struct souk_request_metrics *metrics)
{
    *s = (struct souk_replica_service){.loader = loader, .metrics = metrics};
    atomic_init(&s->draining, false);
    atomic_init(&s->last_work_us, 0);
}

/* ---- health ---- */

enum { VERSION_FIELDS = 12 };

static void put_version(struct souk_writer *w, const struct souk_loaded *l)
{
    souk_writer_put_string(w, "kind", l->model->kind);
    souk_writer_put_int(w, "parts", l->model->parts);
    souk_writer_put_int(w, "factors", l->model->factors);
    souk_writer_put_int(w, "sources", l->model->stages.source_count);
    souk_writer_put_int(w, "items", l->shard.item_count);
    souk_writer_put_int(w, "catalogue", souk_model_items(l->model));
    souk_writer_put_int(w, "users", souk_model_users(l->model));
    souk_writer_put_int(w, "events", l->model->events);
    souk_writer_put_int(w, "from_ms", l->model->data.from_ms);
    souk_writer_put_int(w, "until_ms", l->model->data.until_ms);
    const struct souk_item_facts facts = souk_item_facts_of(&l->shard.parts[0]);
    souk_writer_put_bool(w, "prices", facts.price != NULL);
    souk_writer_put_bool(w, "availability", facts.available != NULL);
}

static const char *state_of(struct souk_replica_service *s, int versions)
{
    if (atomic_load(&s->draining))
        return "draining";
    return versions == 0 || atomic_load(&s->loader->replacing) ? "loading" : "ready";
}

/* The fields of the newest version stand at the top, too, where proxies before versions look. */
void souk_replica_service_health(struct souk_replica_service *s, const struct souk_request *request,
                                 struct souk_writer *reply)
{
    struct souk_held *held[SOUK_VERSIONS_HELD];
    const int count = souk_modelslot_list(s->loader->slot, held);
    souk_reply_begin(reply, request, count > 0 ? held[0]->id : NULL,
                     5 + (count > 0 ? VERSION_FIELDS : 0));
    souk_writer_put_string(reply, "role", "replica");
    souk_writer_put_string(reply, "state", state_of(s, count));
    souk_writer_put_int(reply, "shard", s->loader->place.shard);
    souk_writer_put_int(reply, "shards", s->loader->place.shards);
    if (count > 0)
        put_version(reply, souk_loaded_of(held[0]));
    souk_writer_key(reply, "versions");
    souk_writer_array(reply, (size_t)count);
    for (int i = 0; i < count; i++) {
        const struct souk_loaded *l = souk_loaded_of(held[i]);
        souk_writer_map(reply, 3 + VERSION_FIELDS);
        souk_writer_put_string(reply, "model", l->held.id);
        souk_writer_put_int(reply, "created_ms", l->model->created_ms);
        souk_writer_put_int(reply, "need_bytes", l->need_bytes);
        put_version(reply, l);
    }
    for (int i = 0; i < count; i++)
        souk_modelslot_give(s->loader->slot, held[i]);
}

/* ---- everything else ---- */

/* The version that the request names, or the newest, where the shard is ours.
 * @return NULL: an error reply is there */
static struct souk_held *take_version(struct souk_replica_service *s,
                                      const struct souk_request *request, struct souk_writer *reply)
{
    const char *id = NULL;
    size_t len = 0;
    struct souk_held *held;
    if (!souk_message_text(&request->message, "model", SOUK_MODEL_ID_BYTES, &id, &len)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD, "'model' is not a model's id");
        return NULL;
    }
    if (request->shard >= 0 && request->shard != s->loader->place.shard) {
        souk_reply_error(reply, request, SOUK_WIRE_TOPOLOGY, "this replica holds shard %d",
                         s->loader->place.shard);
        return NULL;
    }
    held = souk_modelslot_take(s->loader->slot, id, len, souk_monotonic_us());
    if (!held)
        souk_reply_error(reply, request, SOUK_WIRE_NO_SUCH_MODEL,
                         "this replica does not hold model %.*s", (int)len, id ? id : "");
    return held;
}

static bool is_expired(const struct souk_request *r)
{
    return r->deadline_ms >= 0 && souk_monotonic_us() - r->start_us >= r->deadline_ms * 1000;
}

static void answer(struct souk_replica_service *s, int worker, const struct souk_request *request,
                   struct souk_writer *reply)
{
    struct souk_held *held;
    atomic_store(&s->last_work_us, request->start_us);
    if (is_expired(request)) {
        souk_reply_error(reply, request, SOUK_WIRE_DEADLINE,
                         "the time was over before the work began");
        return;
    }
    held = take_version(s, request, reply);
    if (!held)
        return;
    souk_replica_answer(&souk_loaded_of(held)->replica, worker, request, reply);
    souk_modelslot_give(s->loader->slot, held);
}

/* ---- the log ---- */

static void write_line(enum souk_log_level level, const char *event, const struct souk_request *r,
                       const struct souk_writer *reply, int64_t begun_us, int64_t now_us,
                       int64_t skipped)
{
    char id[SOUK_WIRE_ID_MAX + 1], origin[SOUK_WIRE_ID_MAX + 1];
    char operation[SOUK_WIRE_OPERATION_MAX + 1];
    const char *text = NULL;
    size_t len = 0;
    if (!souk_message_text(&r->message, "for", SOUK_WIRE_ID_MAX, &text, &len))
        len = 0;
    souk_slow_log_copy_id(id, sizeof id, r->id, r->id_len);
    souk_slow_log_copy_id(origin, sizeof origin, text, len);
    souk_slow_log_copy_id(operation, sizeof operation, r->operation, r->operation_len);
    souk_log(
        level, event,
        "question=\"%s\" for=\"%s\" op=\"%s\" status=%s total_ms=%.1f queue_ms=%.1f skipped=%lld",
        id, origin, operation, souk_wire_status_name(reply->status),
        (double)(now_us - r->start_us) * 1e-3, (double)(begun_us - r->start_us) * 1e-3,
        (long long)skipped);
}

static void log_question(struct souk_replica_service *s, const struct souk_request *r,
                         const struct souk_writer *reply, int64_t begun_us)
{
    const int64_t now_us = souk_monotonic_us();
    int64_t skipped = 0;
    if (souk_slow_log_takes(&s->slow, now_us - r->start_us, now_us, &skipped))
        write_line(SOUK_LOG_WARN, "slow_question", r, reply, begun_us, now_us, skipped);
    else if (souk_log_shows(SOUK_LOG_DEBUG))
        write_line(SOUK_LOG_DEBUG, "question", r, reply, begun_us, now_us, 0);
}

enum souk_task_step souk_replica_service_handle(void *context, int worker, struct souk_task *task,
                                                struct souk_writer *reply)
{
    struct souk_replica_service *s = context;
    struct souk_request request;
    const int64_t begun_us = souk_monotonic_us();
    souk_request_metrics_begin(s->metrics);
    if (souk_request_parse(&request, task->request, task->len, reply)) {
        request.start_us = task->received_us;
        if (souk_request_is(&request, "health")) {
            souk_replica_service_health(s, &request, reply);
        } else {
            answer(s, worker, &request, reply);
            log_question(s, &request, reply, begun_us);
        }
    }
    souk_request_metrics_end(s->metrics, &request, reply);
    souk_request_fini(&request);
    return SOUK_TASK_ANSWERED;
}
