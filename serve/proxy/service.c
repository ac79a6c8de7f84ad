#include "serve/proxy/service.h"

#include "serve/proxy/fanout.h"
#include "serve/proxy/merge.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/data/idtable.h"
#include "shared/wire/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What one worker needs for a request, kept from one to the next. */
struct workspace {
    struct souk_fanout fanout;
    struct souk_merge merge;
    struct souk_writer question;
    unsigned char *profile; /* factors, history and its weights, out of the home shard's reply */
    size_t profile_size;
};

struct souk_service {
    struct souk_topology *topology;
    int workers;
    int64_t deadline_ms;
    struct workspace *spaces; /* [workers] */
};

/* One request under way. */
struct job {
    struct souk_service *service;
    struct workspace *space;
    const struct souk_request *request;
    struct souk_writer *reply;
    struct souk_view view;
    int64_t deadline_us;
    int64_t n;
    const char *id, *category; /* the user or the item; points into the request */
    size_t id_len, category_len;
    bool include_seen;
    bool warm, degraded, similar;
    const void *vector, *history, *weight; /* into the workspace's profile */
    size_t vector_bytes, history_bytes, weight_bytes;
};

souk_status souk_service_new(struct souk_topology *topology, int workers, int64_t deadline_ms,
                             struct souk_service **out, struct souk_error *err)
{
    struct souk_service *s = souk_zalloc_array(1, sizeof *s);
    souk_status status = SOUK_OK;
    *out = NULL;
    if (!s)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    s->topology = topology;
    s->deadline_ms = deadline_ms;
    s->spaces = souk_zalloc_array((size_t)workers, sizeof *s->spaces);
    if (!s->spaces)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d workers", workers);
    for (int i = 0; i < workers && !status; i++) {
        struct workspace *w = &s->spaces[i];
        s->workers++;
        souk_writer_init(&w->question);
        status = souk_merge_init(&w->merge);
        if (status)
            souk_fail(err, status, "no memory for %d workers", workers);
        else
            status = souk_fanout_init(&w->fanout, topology, err);
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
    for (int i = 0; i < s->workers; i++) {
        souk_fanout_fini(&s->spaces[i].fanout);
        souk_merge_fini(&s->spaces[i].merge);
        souk_writer_fini(&s->spaces[i].question);
        free(s->spaces[i].profile);
    }
    free(s->spaces);
    free(s);
}

/* ---- taking the request in ---- */

static bool take_fields(struct job *j, const char *id_field)
{
    const struct souk_message *m = &j->request->message;
    j->n = 10;
    if (!souk_message_text(m, id_field, SOUK_ID_MAX_BYTES, &j->id, &j->id_len) || !j->id ||
        !souk_id_is_valid(j->id, j->id_len))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'%s' must be an id of 1 to %d bytes of UTF-8", id_field,
                         SOUK_ID_MAX_BYTES);
    else if (!souk_message_int(m, "n", 1, SOUK_WIRE_LIST_MAX, &j->n))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'n' must be a number from 1 to %d", SOUK_WIRE_LIST_MAX);
    else if (!souk_message_bool(m, "include_seen", &j->include_seen))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'include_seen' must be true or false");
    else if (!souk_message_text(m, "category", SOUK_ID_MAX_BYTES, &j->category, &j->category_len))
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'category' must be a text of up to %d bytes", SOUK_ID_MAX_BYTES);
    else
        return true;
    return false;
}

static int home_shard(const struct job *j)
{
    const int part = souk_part_of(souk_hash_bytes(j->id, j->id_len), (int)j->view.parts);
    return part % souk_topology_shards(j->service->topology);
}

static void start_question(struct job *j, const char *operation, size_t fields)
{
    struct souk_writer *w = &j->space->question;
    const int64_t left = (j->deadline_us - souk_monotonic_us()) / 1000;
    souk_writer_clear(w);
    souk_writer_map(w, 4 + fields);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", operation);
    souk_writer_put_int(w, "deadline_ms", left > 0 ? left : 0);
    souk_writer_put_string(w, "model", j->view.model);
}

/* ---- round one: the home shard ---- */

/* Room for the profile whose sizes the job states, and where its pieces go. */
static bool make_room(struct job *j)
{
    struct workspace *w = j->space;
    const size_t size = j->vector_bytes + j->history_bytes + j->weight_bytes + 1;
    if (size > w->profile_size) {
        unsigned char *grown = realloc(w->profile, size);
        if (!grown)
            return false;
        w->profile = grown;
        w->profile_size = size;
    }
    j->vector = w->profile;
    j->history = w->profile + j->vector_bytes;
    j->weight = w->profile + j->vector_bytes + j->history_bytes;
    return true;
}

static unsigned char *append(unsigned char *to, const void *from, size_t bytes)
{
    if (bytes > 0)
        memcpy(to, from, bytes);
    return to + bytes;
}

/* Copy vector, history and weights out of a reply that the next question will overwrite. Weights
 * are there where the model scores by neighbours. */
static bool keep_profile(struct job *j, const struct souk_message *m)
{
    const void *vector = NULL, *history = NULL, *weight = NULL;
    int64_t floats = 0, rows = 0, weights = 0;
    if (!souk_message_array(m, "vector", sizeof(float), &vector, &floats) ||
        !souk_message_array(m, "history", sizeof(int64_t), &history, &rows) ||
        !souk_message_array(m, "history_weight", sizeof(float), &weight, &weights) ||
        (weights > 0 && weights != rows))
        return false;
    j->vector_bytes = (size_t)floats * sizeof(float);
    j->history_bytes = (size_t)rows * sizeof(int64_t);
    j->weight_bytes = (size_t)weights * sizeof(float);
    if (!make_room(j))
        return false;
    append(append(append(j->space->profile, vector, j->vector_bytes), history, j->history_bytes),
           weight, j->weight_bytes);
    return true;
}

/* The history of `similar`: the item itself, which must not be in the answer. */
static bool keep_row(struct job *j, int64_t row)
{
    j->history_bytes = sizeof row;
    if (!make_room(j))
        return false;
    memcpy(j->space->profile + j->vector_bytes, &row, sizeof row);
    return true;
}

/* The user's factors and history. A home shard that does not answer makes the answer degraded: the
 * user is served as if unknown. @return false: an error reply is there */
static bool get_profile(struct job *j)
{
    const int home = home_shard(j);
    bool known = false;
    start_question(j, "profile", 1);
    souk_writer_put_text(&j->space->question, "user", j->id, j->id_len);
    souk_fanout_ask(&j->space->fanout, home, j->view.model, &j->space->question, j->deadline_us);
    const struct souk_shard_answer *a = &j->space->fanout.answers[home];
    if (!a->answered || a->status != SOUK_WIRE_OK) {
        j->degraded = true;
        return true;
    }
    if (!souk_message_bool(&a->message, "known", &known) ||
        (known && !keep_profile(j, &a->message))) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL,
                         "the home shard's profile cannot be read");
        return false;
    }
    j->warm = known;
    return true;
}

static bool get_item(struct job *j)
{
    const int home = home_shard(j);
    int64_t row = -1;
    start_question(j, "item", 1);
    souk_writer_put_text(&j->space->question, "item", j->id, j->id_len);
    souk_fanout_ask(&j->space->fanout, home, j->view.model, &j->space->question, j->deadline_us);
    const struct souk_shard_answer *a = &j->space->fanout.answers[home];
    if (a->status == SOUK_WIRE_NOT_FOUND) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_NOT_FOUND,
                         "the model does not know item '%.*s'", (int)j->id_len, j->id);
        return false;
    }
    if (!a->answered || a->status != SOUK_WIRE_OK ||
        !souk_message_int(&a->message, "row", 0, INT64_MAX, &row) || row < 0 ||
        !keep_profile(j, &a->message)) {
        souk_reply_error(j->reply, j->request,
                         a->answered ? SOUK_WIRE_INTERNAL : (enum souk_wire_status)a->status,
                         "shard %d, which holds the item, did not answer", home);
        return false;
    }
    j->similar = true;
    if (j->weight_bytes > 0)
        return true; /* the reply has the history of somebody with only this item */
    if (j->vector_bytes == 0) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "a model of kind '%s' has no item vectors to compare", j->view.kind);
        return false;
    }
    if (!keep_row(j, row)) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "no memory");
        return false;
    }
    return true;
}

/* ---- round two: all shards ---- */

static void write_scan(struct job *j)
{
    struct souk_writer *w = &j->space->question;
    const bool by_neighbours = j->weight_bytes > 0;
    start_question(j, "scan",
                   3 + (j->vector_bytes > 0) + (by_neighbours ? 2 : 0) + (j->category != NULL));
    souk_writer_put_int(w, "n", j->n);
    souk_writer_put_bool(w, "cosine", j->similar);
    souk_writer_put_binary(w, "exclude", j->history,
                           j->include_seen && !j->similar ? 0 : j->history_bytes);
    if (by_neighbours) {
        souk_writer_put_binary(w, "history", j->history, j->history_bytes);
        souk_writer_put_binary(w, "history_weight", j->weight, j->weight_bytes);
    }
    if (j->vector_bytes > 0)
        souk_writer_put_binary(w, "vector", j->vector, j->vector_bytes);
    if (j->category)
        souk_writer_put_text(w, "category", j->category, j->category_len);
}

struct scan_result {
    const struct souk_topk *list;
    int64_t scored, items;
    bool partial;
};

static int64_t items_of(struct job *j, int upstream)
{
    struct souk_replica_facts facts;
    souk_topology_facts(j->service->topology, upstream, &facts);
    return facts.items;
}

/* @return false: an error reply is there */
static bool scan(struct job *j, struct scan_result *result)
{
    struct souk_fanout *f = &j->space->fanout;
    const int shards = souk_topology_shards(j->service->topology);
    int good;
    *result = (struct scan_result){.list = NULL};
    write_scan(j);
    if (souk_merge_start(&j->space->merge, (int)j->n, shards) != SOUK_OK) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "no memory");
        return false;
    }
    good = souk_fanout_ask(f, -1, j->view.model, &j->space->question, j->deadline_us);
    if (good == 0) {
        const enum souk_wire_status status = (enum souk_wire_status)f->answers[0].status;
        souk_reply_error(j->reply, j->request, status, "no shard answered: %s",
                         souk_wire_status_name(status));
        return false;
    }
    for (int s = 0; s < shards; s++) {
        int64_t scored = 0;
        const struct souk_shard_answer *a = &f->answers[s];
        if (!a->answered || a->status != SOUK_WIRE_OK ||
            !souk_message_int(&a->message, "scored", 0, INT64_MAX, &scored) ||
            !souk_merge_add(&j->space->merge, &a->message)) {
            result->partial = true;
            continue;
        }
        result->scored += scored;
        result->items += items_of(j, f->chosen[s]);
    }
    result->list = souk_merge_finish(&j->space->merge);
    return true;
}

/* ---- the answer ---- */

static void put_request_id(struct souk_writer *w)
{
    unsigned char bytes[16];
    char text[33];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        memset(bytes, 0, sizeof bytes);
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    souk_writer_put_text(w, "request_id", text, 32);
}

static void put_list(struct souk_writer *w, const struct souk_topk *list, const char *source)
{
    souk_writer_key(w, "recommendations");
    souk_writer_array(w, (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        souk_writer_map(w, 3);
        souk_writer_put_string(w, "item_id", list->hits[i].id);
        souk_writer_key(w, "score");
        souk_writer_float(w, list->hits[i].score);
        souk_writer_key(w, "scores");
        souk_writer_map(w, 1);
        souk_writer_key(w, source);
        souk_writer_float(w, list->hits[i].score);
    }
}

static void put_result(struct job *j, const struct scan_result *r, const char *source)
{
    struct souk_writer *w = j->reply;
    put_request_id(w);
    put_list(w, r->list, source);
    souk_writer_put_int(w, "total_candidates_scored", r->scored);
    souk_writer_put_bool(w, "partial", r->partial);
    souk_writer_put_bool(w, "degraded", j->degraded);
    souk_writer_put_real(w, "coverage",
                         j->view.catalogue > 0 ? (double)r->items / (double)j->view.catalogue : 1);
}

static void recommend(struct job *j)
{
    struct scan_result result;
    if (!take_fields(j, "user") || !get_profile(j) || !scan(j, &result))
        return;
    souk_reply_begin(j->reply, j->request, j->view.model, 8);
    souk_writer_put_text(j->reply, "user_id", j->id, j->id_len);
    souk_writer_put_string(j->reply, "user_type", j->warm ? "warm" : "cold");
    put_result(j, &result, j->vector_bytes > 0 || j->weight_bytes > 0 ? j->view.kind : "popular");
}

static void similar(struct job *j)
{
    struct scan_result result;
    if (!take_fields(j, "item") || !get_item(j) || !scan(j, &result))
        return;
    souk_reply_begin(j->reply, j->request, j->view.model, 7);
    souk_writer_put_text(j->reply, "item_id", j->id, j->id_len);
    put_result(j, &result, j->weight_bytes > 0 ? j->view.kind : "cosine");
}

static void health(struct job *j)
{
    struct souk_topology *t = j->service->topology;
    const int count = souk_topology_upstreams(t);
    souk_reply_begin(j->reply, j->request, j->view.model, 6);
    souk_writer_put_string(j->reply, "role", "proxy");
    souk_writer_put_string(j->reply, "state",
                           j->view.status == SOUK_WIRE_OK ? "ready"
                                                          : souk_wire_status_name(j->view.status));
    souk_writer_put_string(j->reply, "reason", j->view.reason);
    souk_writer_put_int(j->reply, "shards", souk_topology_shards(t));
    souk_writer_put_int(j->reply, "catalogue", j->view.catalogue);
    souk_writer_key(j->reply, "replicas");
    souk_writer_array(j->reply, (size_t)count);
    for (int i = 0; i < count; i++) {
        struct souk_replica_facts facts;
        souk_topology_facts(t, i, &facts);
        souk_writer_map(j->reply, 4);
        souk_writer_put_string(j->reply, "address", souk_topology_upstream(t, i)->caller.url);
        souk_writer_put_int(j->reply, "shard", souk_topology_upstream(t, i)->shard);
        souk_writer_put_bool(j->reply, "up", facts.alive);
        souk_writer_put_string(j->reply, "model", facts.model);
    }
}

static void dispatch(struct job *j)
{
    const struct souk_request *r = j->request;
    if (souk_request_is(r, "health"))
        health(j);
    else if (!souk_request_is(r, "recommend") && !souk_request_is(r, "similar"))
        souk_reply_error(j->reply, r, SOUK_WIRE_UNKNOWN_OPERATION,
                         "the proxy does not know the operation '%.*s'", (int)r->operation_len,
                         r->operation);
    else if (j->view.status != SOUK_WIRE_OK)
        souk_reply_error(j->reply, r, j->view.status, "%s", j->view.reason);
    else if (r->deadline_ms == 0)
        souk_reply_error(j->reply, r, SOUK_WIRE_DEADLINE, "no time was left on arrival");
    else if (souk_request_is(r, "recommend"))
        recommend(j);
    else
        similar(j);
}

void souk_service_handle(void *context, int worker, const void *bytes, size_t len,
                         struct souk_writer *reply)
{
    struct souk_service *s = context;
    struct souk_request request;
    if (souk_request_parse(&request, bytes, len, reply)) {
        const int64_t ms = request.deadline_ms >= 0 ? request.deadline_ms : s->deadline_ms;
        struct job j = {.service = s,
                        .space = &s->spaces[worker],
                        .request = &request,
                        .reply = reply,
                        .deadline_us = request.start_us + ms * 1000};
        souk_topology_view(s->topology, &j.view);
        dispatch(&j);
    }
    souk_request_fini(&request);
}
