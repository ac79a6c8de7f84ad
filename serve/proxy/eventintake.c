#include "serve/proxy/eventintake.h"

#include "serve/events/retention.h"
#include "serve/proxy/requestid.h"
#include "shared/base/clock.h"
#include "shared/base/identifier.h"
#include "shared/base/memory.h"
#include "shared/wire/eventfields.h"
#include "shared/wire/reply.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 1000,             /* when to send events again that were not stored */
    AHEAD_MS = 24 * 3600 * 1000, /* clocks of others may be ahead */
    MADE_BYTES = SOUK_UNIQUE_ID_LEN + SOUK_REQUEST_ID_MODEL + 2, /* ids of ours, with their NULs */
};

struct souk_event_intake {
    struct souk_event_writer *writer;
    struct souk_recent_events *recent;
    struct souk_retention *retention; /* NULL: all is kept */
    struct souk_answer_cache *cache;
    struct souk_proxy_metrics *metrics;
    struct souk_attribution *attribution;
    struct souk_unique_ids ids;
};

/* One request under way, in one piece of memory. */
struct intake {
    struct souk_event_batch batch; /* first */
    struct souk_event_intake *owner;
    struct souk_task *task;
    struct souk_request request;
    int count;            /* events of the request */
    const char **invalid; /* [count] why; NULL: it is in the batch */
    char *texts;          /* NUL-terminated copies, up to here */
};

/* ---- taking in ---- */

static const char *copy_text(struct intake *in, const char *text, size_t len)
{
    char *const at = in->texts;
    if (len > 0)
        memcpy(at, text, len);
    at[len] = '\0';
    in->texts += len + 1;
    return at;
}

/* Texts without control characters, which would not come out of a CSV file as they went in. */
static bool take_text(struct intake *in, const struct souk_message *m, const char *key,
                      size_t max_len, const char **out)
{
    const char *text = NULL;
    size_t len = 0;
    if (!souk_message_text(m, key, max_len, &text, &len) || !text || !souk_id_is_valid(text, len))
        return false;
    *out = copy_text(in, text, len);
    return true;
}

static bool take_own_id(struct intake *in, const struct souk_message *m,
                        struct souk_event_record *e)
{
    if (souk_message_get(m, "event_id"))
        return take_text(in, m, "event_id", SOUK_EVENT_ID_MAX, &e->event_id);
    char id[SOUK_UNIQUE_ID_LEN];
    souk_unique_id_next(&in->owner->ids, id);
    e->event_id = copy_text(in, id, sizeof id);
    return true;
}

static bool take_request_id(struct intake *in, const struct souk_message *m,
                            struct souk_event_record *e)
{
    char model[SOUK_REQUEST_ID_MODEL + 1];
    enum souk_arm arm;
    if (!souk_message_get(m, "request_id"))
        return true;
    if (!take_text(in, m, "request_id", SOUK_EVENT_ID_MAX, &e->request_id))
        return false;
    if (souk_request_id_read(e->request_id, strlen(e->request_id), model, &arm)) {
        e->model = copy_text(in, model, SOUK_REQUEST_ID_MODEL);
        e->arm = souk_arm_name(arm);
    }
    return true;
}

/* @return what is wrong with it, or NULL */
static const char *take_event(struct intake *in, const msgpack_object *entry, int64_t now_ms,
                              struct souk_event_record *e)
{
    const struct souk_message m = {.unpacked = {.data = *entry}};
    *e = (struct souk_event_record){.request_id = "", .model = "", .arm = "", .ms = now_ms};
    if (entry->type != MSGPACK_OBJECT_MAP)
        return "is not a map";
    if (!take_text(in, &m, "user", SOUK_ID_MAX_BYTES, &e->user))
        return "'user' must be an id of 1 to 128 bytes of UTF-8";
    if (!take_text(in, &m, "item", SOUK_ID_MAX_BYTES, &e->item))
        return "'item' must be an id of 1 to 128 bytes of UTF-8";
    if (!take_text(in, &m, "type", SOUK_EVENT_TYPE_MAX, &e->type))
        return "'type' must be a name of 1 to 64 bytes of UTF-8";
    if (!souk_message_int(&m, "ms", 0, SOUK_WIRE_MOMENT_MAX, &e->ms))
        return "'ms' must be milliseconds from 1970 to the year 9999";
    if (e->ms > now_ms + AHEAD_MS)
        return "'ms' lies more than a day in the future";
    if (souk_message_get(&m, "value") && !souk_message_map_number(entry, "value", &e->value))
        return "'value' must be a number";
    if (!isfinite((float)e->value))
        return "'value' is too large";
    if (!take_own_id(in, &m, e))
        return "'event_id' must be a text of 1 to 64 bytes of UTF-8";
    if (!take_request_id(in, &m, e))
        return "'request_id' must be a text of 1 to 64 bytes of UTF-8";
    return souk_event_record_check(e, NULL) == SOUK_OK ? NULL : "cannot be stored";
}

static void take_events(struct intake *in, const msgpack_object *list)
{
    const int64_t now_ms = souk_wall_ms();
    for (int i = 0; i < in->count; i++) {
        char *const before = in->texts;
        in->invalid[i] =
            take_event(in, &list->via.array.ptr[i], now_ms, &in->batch.events[in->batch.count]);
        if (in->invalid[i])
            in->texts = before;
        else
            in->batch.count++;
    }
}

/* Texts of a message are no longer than the message. */
static struct intake *new_intake(const struct souk_task *task, size_t count)
{
    const size_t text_bytes = task->len + count * (6 + MADE_BYTES);
    const size_t bytes = sizeof(struct intake) +
                         count * (sizeof(struct souk_event_record) + sizeof(const char *) +
                                  sizeof(enum souk_event_fate)) +
                         text_bytes;
    struct intake *in = malloc(bytes);
    if (!in)
        return NULL;
    *in = (struct intake){.count = (int)count};
    in->batch.events = (struct souk_event_record *)(in + 1);
    in->invalid = (const char **)(in->batch.events + count);
    in->batch.fates = (enum souk_event_fate *)(in->invalid + count);
    in->texts = (char *)(in->batch.fates + count);
    return in;
}

/* ---- answering ---- */

static const char *fate_name(enum souk_event_fate fate)
{
    static const char *const names[] = {[SOUK_EVENT_STORED] = "stored",
                                        [SOUK_EVENT_DUPLICATE] = "duplicate",
                                        [SOUK_EVENT_ERASED] = "erased"};
    return names[fate];
}

static void put_results(const struct intake *in, struct souk_writer *w)
{
    int n = 0;
    souk_writer_key(w, "results");
    souk_writer_array(w, (size_t)in->count);
    for (int i = 0; i < in->count; i++) {
        souk_writer_map(w, 2);
        if (in->invalid[i]) {
            souk_writer_put_string(w, "fate", "invalid");
            souk_writer_put_string(w, "error", in->invalid[i]);
            continue;
        }
        souk_writer_put_string(w, "event_id", in->batch.events[n].event_id);
        souk_writer_put_string(w, "fate", fate_name(in->batch.fates[n]));
        n++;
    }
}

static void put_failure(const struct intake *in, struct souk_writer *w)
{
    const enum souk_wire_status status =
        in->batch.status == SOUK_ELIMIT ? SOUK_WIRE_OVERLOADED : SOUK_WIRE_UNAVAILABLE;
    souk_reply_error_begin(w, &in->request, status, 1, in->batch.reason);
    souk_writer_put_int(w, "retry_after_ms", RETRY_MS);
}

/* A souk_event_batch's end. */
static void answer(struct souk_event_batch *batch)
{
    struct intake *in = (struct intake *)batch; /* its first member */
    struct souk_writer reply;
    souk_writer_init(&reply);
    if (batch->status == SOUK_OK) {
        souk_reply_begin(&reply, &in->request, NULL, 1);
        put_results(in, &reply);
    } else {
        put_failure(in, &reply);
    }
    souk_request_metrics_end(&in->owner->metrics->request, &in->request, &reply);
    souk_request_fini(&in->request);
    souk_task_answer(in->task, &reply);
    souk_writer_fini(&reply);
    free(in);
}

enum souk_task_step souk_event_intake_take(struct souk_event_intake *i, struct souk_task *task,
                                           struct souk_request *request, struct souk_writer *reply)
{
    const msgpack_object *list = souk_message_get(&request->message, "events");
    if (!list || list->type != MSGPACK_OBJECT_ARRAY || list->via.array.size < 1 ||
        list->via.array.size > SOUK_WIRE_CONTEXT_MAX) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'events' must be a list of 1 to %d events", SOUK_WIRE_CONTEXT_MAX);
        return SOUK_TASK_ANSWERED;
    }
    struct intake *in = new_intake(task, list->via.array.size);
    if (!in) {
        souk_reply_error(reply, request, SOUK_WIRE_INTERNAL, "no memory");
        return SOUK_TASK_ANSWERED;
    }
    in->owner = i;
    in->task = task;
    in->request = *request;
    in->batch.done = answer;
    *request = (struct souk_request){.shard = -1};
    take_events(in, list);
    if (in->batch.count > 0) {
        souk_event_writer_put(i->writer, &in->batch);
    } else {
        in->batch.status = SOUK_OK;
        answer(&in->batch);
    }
    return SOUK_TASK_KEPT;
}

/* ---- what is stored counts ---- */

static void forget_answers(struct souk_event_intake *i, const char *user)
{
    if (i->cache)
        souk_answer_cache_forget(i->cache, user, strlen(user));
}

/* Recent events first: an answer that begins after the cache has forgotten sees them. */
static void note_stored(void *context, const struct souk_event_record *event,
                        enum souk_event_fate fate)
{
    struct souk_event_intake *i = context;
    if (fate == SOUK_EVENT_STORED) {
        souk_recent_events_add(i->recent, event);
        souk_attribution_count_event(i->attribution, event);
    } else { /* whether it is in memory is not known */
        souk_recent_events_forget(i->recent, event->user);
    }
    forget_answers(i, event->user);
}

static void note_changed(void *context, const char *user)
{
    struct souk_event_intake *i = context;
    if (user)
        forget_answers(i, user);
    else if (i->cache)
        souk_answer_cache_forget_all(i->cache);
}

/* ---- making ---- */

souk_status souk_event_intake_start(const struct souk_event_intake_plan *plan,
                                    struct souk_event_intake **out, struct souk_error *err)
{
    struct souk_event_intake *i = souk_zalloc_array(1, sizeof *i);
    *out = NULL;
    if (!i)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    i->cache = plan->cache;
    i->metrics = plan->metrics;
    i->attribution = plan->attribution;
    souk_unique_ids_init(&i->ids);
    souk_status status = souk_recent_events_start(plan->store, plan->recent_bytes, note_changed, i,
                                                  plan->registry, &i->recent, err);
    if (!status)
        status = souk_event_writer_start(plan->store, plan->queue_max, note_stored, i,
                                         plan->registry, &i->writer, err);
    if (!status && plan->keep_ms > 0)
        status =
            souk_retention_start(plan->store, plan->keep_ms, plan->registry, &i->retention, err);
    if (status) {
        souk_event_intake_stop(i);
        souk_event_intake_free(i);
        return status;
    }
    *out = i;
    return SOUK_OK;
}

void souk_event_intake_stop(struct souk_event_intake *i)
{
    if (!i)
        return;
    souk_retention_stop(i->retention);
    souk_event_writer_stop(i->writer);
    i->retention = NULL;
    i->writer = NULL;
}

void souk_event_intake_free(struct souk_event_intake *i)
{
    if (!i)
        return;
    souk_recent_events_stop(i->recent);
    free(i);
}

struct souk_recent_events *souk_event_intake_recent(const struct souk_event_intake *i)
{
    return i->recent;
}
