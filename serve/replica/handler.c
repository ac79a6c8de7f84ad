#include "serve/replica/handler.h"

#include "serve/replica/describe.h"
#include "serve/replica/lookuphandler.h"
#include "serve/replica/replicafields.h"
#include "serve/replica/stagehandler.h"
#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_replica_init(struct souk_replica *out, const struct souk_model *model,
                              const struct souk_shard *shard, const struct souk_stage_shard *stages,
                              int shard_number, int shards, int workers, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *out = (struct souk_replica){.model = model,
                                 .shard = shard,
                                 .stages = stages,
                                 .shard_number = shard_number,
                                 .shards = shards,
                                 .workers = workers};
    out->lists = souk_zalloc_array((size_t)workers, sizeof *out->lists);
    out->works = souk_zalloc_array((size_t)workers, sizeof *out->works);
    if (!out->lists || !out->works)
        status = SOUK_ENOMEM;
    for (int i = 0; i < workers && !status; i++)
        status = souk_topk_init(&out->lists[i], SOUK_WIRE_LIST_MAX);
    for (int i = 0; i < workers && stages && !status; i++)
        status = souk_stage_work_init(&out->works[i], stages);
    if (status)
        status = souk_fail(err, status, "no memory for %d workers", workers);
    if (!status)
        status = souk_gram_shares_init(&out->gram, shard, err);
    if (status)
        souk_replica_fini(out);
    return status;
}

void souk_replica_fini(struct souk_replica *r)
{
    for (int i = 0; i < r->workers && r->lists; i++)
        souk_topk_fini(&r->lists[i]);
    for (int i = 0; i < r->workers && r->works; i++)
        souk_stage_work_fini(&r->works[i]);
    souk_gram_shares_fini(&r->gram);
    free(r->lists);
    free(r->works);
    r->lists = NULL;
    r->works = NULL;
}

/* An id that belongs to this shard: its part, or NULL after an error reply. */
static const struct souk_model_part *part_of_id(const struct souk_replica *r,
                                                const struct souk_request *request,
                                                const char *field, const char **id, size_t *len,
                                                struct souk_writer *reply)
{
    const struct souk_model_part *part;
    *id = NULL;
    if (!souk_message_text(&request->message, field, SOUK_ID_MAX_BYTES, id, len) || !*id ||
        !souk_id_is_valid(*id, *len)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'%s' must be an id of 1 to %d bytes of UTF-8", field, SOUK_ID_MAX_BYTES);
        return NULL;
    }
    part = souk_shard_part_of(r->shard, *id, *len);
    if (!part)
        souk_reply_error(reply, request, SOUK_WIRE_TOPOLOGY,
                         "'%s' belongs to another shard than %d", field, r->shard_number);
    return part;
}

static void put_vector(struct souk_writer *reply, const float *vector, int stride)
{
    souk_writer_put_binary(reply, "vector", vector, vector ? (size_t)stride * sizeof *vector : 0);
}

static const float *row_of(const float *rows, int64_t row, int stride)
{
    return rows ? rows + (size_t)row * (size_t)stride : NULL;
}

/* What a home shard sends of a user's events: the latest. */
static void put_events(struct souk_writer *reply, const struct souk_model_part *part, int64_t row)
{
    const int64_t begin = part->event_offsets[row], end = part->event_offsets[row + 1];
    const int64_t at = end - begin > SOUK_WIRE_STORED_MAX ? end - SOUK_WIRE_STORED_MAX : begin;
    souk_event_fields_write(reply, end - at, part->event_item + at, part->event_ms + at,
                            part->event_type + at, part->event_value + at);
}

/* ---- this shard's list ---- */

struct scanned {
    struct souk_topk list; /* sorted, in the worker's memory */
    int64_t scored;
    const struct souk_confidence *confidence; /* NULL: not said */
};

static struct scanned scan_shard(const struct souk_replica *r, int worker,
                                 const struct souk_scan *scan, int64_t n)
{
    struct scanned found = {.list =
                                r->lists[worker]}; /* the memory is the worker's, the size ours */
    found.list.capacity = (int)n;
    souk_topk_clear(&found.list);
    found.scored = souk_shard_scan(r->stages ? &r->stages->similar : r->shard, scan, &found.list);
    souk_topk_sort(&found.list);
    if (!scan->vector && !scan->history && !scan->liking) /* what it was learned on */
        found.confidence = souk_replica_confidence(r);
    return found;
}

static size_t scanned_fields(const struct scanned *found)
{
    return 1 + souk_replica_hit_fields(found->confidence != NULL);
}

static void put_scanned(struct souk_writer *reply, const struct scanned *found)
{
    souk_writer_put_int(reply, "scored", found->scored);
    souk_replica_put_hits(reply, &found->list, found->confidence, SOUK_AUDIENCE_NEW);
}

/* ---- profile ---- */

/* What the part holds of a user, beside events. */
struct stored {
    const float *vector; /* NULL: a model without factors */
    const int64_t *history;
    const float *weight; /* NULL: not scored by neighbours */
    const float *pair;   /* weights of the history, whatever scores; NULL: not asked for */
    int64_t count;
};

static struct stored stored_of(const struct souk_replica *r, const struct souk_model_part *part,
                               int64_t row, bool pairs)
{
    const int64_t first = part->history_offsets[row];
    const int64_t count = part->history_offsets[row + 1] - first;
    const bool by_neighbours =
        r->model->neighbours > 0 && souk_neighbours_can_score(part->history_weight + first, count);
    return (struct stored){.vector = row_of(part->user_factors, row, part->stride),
                           .history = part->history + first,
                           .weight = by_neighbours ? part->history_weight + first : NULL,
                           .pair = pairs ? part->history_weight + first : NULL,
                           .count = count};
}

/* The list of a user of this shard, who is not asked for it again: the scan of answer_scan() by
 * what is stored. @return false: an error reply is there */
static bool take_own_scan(const struct souk_replica *r, const struct souk_request *request,
                          const struct stored *u, struct souk_scan *scan, int64_t *n,
                          struct souk_narrowing *narrowing, struct souk_writer *reply)
{
    bool include_seen = false;
    if (!souk_message_int(&request->message, "n", 1, SOUK_WIRE_LIST_MAX, n) ||
        !souk_message_bool(&request->message, "include_seen", &include_seen)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'n' or 'include_seen' is not as a list takes it");
        return false;
    }
    if (!souk_replica_take_narrowing(r, request, narrowing, reply))
        return false;
    scan->filter = souk_narrowing_filter(narrowing);
    scan->liking = souk_narrowing_liking(narrowing);
    scan->vector = u->vector;
    scan->exclude = u->history;
    scan->exclude_count = include_seen ? 0 : u->count;
    if (u->weight) {
        scan->history = u->history;
        scan->history_weight = u->weight;
        scan->history_count = u->count;
    }
    return true;
}

static void put_profile(const struct souk_replica *r, const struct souk_model_part *part,
                        int64_t row, const struct stored *u, struct souk_writer *reply)
{
    put_vector(reply, u->vector, part->stride);
    souk_writer_put_binary(reply, "history", u->history, (size_t)u->count * sizeof *u->history);
    if (u->weight)
        souk_writer_put_binary(reply, "history_weight", u->weight,
                               (size_t)u->count * sizeof *u->weight);
    if (u->pair)
        souk_writer_put_binary(reply, "pair_weight", u->pair, (size_t)u->count * sizeof *u->pair);
    if (r->stages)
        put_events(reply, part, row);
}

/* The user's factors and history, with weights where neighbours are scored by them or `pairs` are
 * asked for, and events where two stages are, for the proxy to send to all shards; and with `n`
 * this shard's list, too. */
static void answer_profile(const struct souk_replica *r, int worker,
                           const struct souk_request *request, struct souk_writer *reply)
{
    const char *id;
    size_t len = 0;
    const struct souk_model_part *part = part_of_id(r, request, "user", &id, &len, reply);
    if (!part)
        return;
    const int64_t row = souk_idtable_find(&part->users, id, len);
    const bool listed = souk_message_get(&request->message, "n") != NULL;
    struct stored u = {.count = 0};
    struct scanned found = {.confidence = NULL};
    struct souk_narrowing narrowing = {.is_liked = false};
    struct souk_scan scan = {.vector = NULL};
    int64_t n = 0;
    bool pairs = false;
    if (!souk_message_bool(&request->message, "pairs", &pairs)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD, "'pairs' must be true or false");
        return;
    }
    if (row >= 0)
        u = stored_of(r, part, row, pairs);
    if (listed && !take_own_scan(r, request, &u, &scan, &n, &narrowing, reply))
        goto out;
    if (listed)
        found = scan_shard(r, worker, &scan, n);
    souk_reply_begin(reply, request, r->model->id,
                     1 + (row >= 0 ? 2 + (u.weight != NULL) + (u.pair != NULL) : 0) +
                         (row >= 0 && r->stages ? SOUK_WIRE_EVENT_FIELDS : 0) +
                         (listed ? scanned_fields(&found) : 0));
    souk_writer_put_bool(reply, "known", row >= 0);
    if (row >= 0)
        put_profile(r, part, row, &u, reply);
    if (listed)
        put_scanned(reply, &found);
out:
    souk_narrowing_fini(&narrowing);
}

/* An item's factors at unit length, and its row; where the model scores by neighbours, its own or
 * those of a source, the row as the history of somebody who has only this item. */
static void answer_item(const struct souk_replica *r, const struct souk_request *request,
                        struct souk_writer *reply)
{
    const char *id;
    size_t len = 0;
    const struct souk_model_part *part = part_of_id(r, request, "item", &id, &len, reply);
    if (!part)
        return;
    const int64_t row = souk_idtable_find(&part->items, id, len);
    if (row < 0) {
        souk_reply_error(reply, request, SOUK_WIRE_NOT_FOUND, "the model does not know item '%.*s'",
                         (int)len, id);
        return;
    }
    const float *factors = row_of(part->item_factors, row, part->stride);
    float unit[SOUK_FACTORS_MAX];
    for (int i = 0; factors && i < part->stride; i++)
        unit[i] = factors[i] / r->shard->item_norm[part - r->shard->parts][row];
    const int64_t item = r->model->item_first[part->part] + row;
    const float weight = 1;
    const bool by_neighbours = r->model->neighbours > 0 || r->stages;
    souk_reply_begin(reply, request, r->model->id,
                     2 + (by_neighbours ? 2 : 0) + (r->stages != NULL));
    souk_writer_put_int(reply, "row", item);
    put_vector(reply, factors ? unit : NULL, part->stride);
    if (by_neighbours) {
        souk_writer_put_binary(reply, "history", &item, sizeof item);
        souk_writer_put_binary(reply, "history_weight", &weight, sizeof weight);
    }
    if (r->stages)
        souk_writer_put_string(
            reply, "source",
            r->model->stages.sources[r->stages->ranker.rules.blend[SOUK_SEGMENT_WARM].source].name);
}

/* Copies of what the request carries, aligned and checked. */
struct scan_input {
    struct souk_scan scan;
    struct souk_narrowing narrowing;
    float vector[SOUK_FACTORS_MAX];
    int64_t *exclude, *history;
    float *history_weight;
    int64_t n;
};

static bool copy_vector(const struct souk_replica *r, const struct souk_request *request,
                        struct scan_input *in)
{
    const void *data = NULL;
    int64_t count = 0;
    const int stride = souk_factor_stride(r->model->factors);
    if (!souk_message_array(&request->message, "vector", sizeof(float), &data, &count))
        return false;
    if (count == 0)
        return true;
    if (count != stride)
        return false;
    memcpy(in->vector, data, (size_t)count * sizeof(float));
    for (int i = 0; i < stride; i++)
        if (!isfinite(in->vector[i]))
            return false;
    in->scan.vector = in->vector;
    return true;
}

/* Item rows, ascending. @param rows owned by the caller, free(); NULL when memory is out */
static bool copy_rows(const struct souk_request *request, const char *field, int64_t **rows,
                      int64_t *count)
{
    const void *data = NULL;
    if (!souk_message_array(&request->message, field, sizeof **rows, &data, count))
        return false;
    *rows = souk_alloc_array((size_t)*count, sizeof **rows);
    if (!*rows)
        return false;
    if (*count > 0)
        memcpy(*rows, data, (size_t)*count * sizeof **rows);
    for (int64_t i = 1; i < *count; i++)
        if ((*rows)[i - 1] >= (*rows)[i])
            return false;
    return true;
}

static bool copy_exclude(const struct souk_request *request, struct scan_input *in)
{
    if (!copy_rows(request, "exclude", &in->exclude, &in->scan.exclude_count))
        return false;
    in->scan.exclude = in->exclude;
    return true;
}

/* What a model with neighbours scores by; absent, or empty, for others. */
static bool copy_history(const struct souk_request *request, struct scan_input *in)
{
    const void *data = NULL;
    int64_t count = 0;
    if (!copy_rows(request, "history", &in->history, &in->scan.history_count) ||
        !souk_message_array(&request->message, "history_weight", sizeof(float), &data, &count) ||
        count != in->scan.history_count)
        return false;
    if (count == 0)
        return true;
    in->history_weight = souk_alloc_array((size_t)count, sizeof *in->history_weight);
    if (!in->history_weight)
        return false;
    memcpy(in->history_weight, data, (size_t)count * sizeof *in->history_weight);
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(in->history_weight[i]))
            return false;
    in->scan.history = in->history;
    in->scan.history_weight = in->history_weight;
    return true;
}

static void answer_scan(const struct souk_replica *r, int worker,
                        const struct souk_request *request, struct souk_writer *reply)
{
    struct scan_input in = {.n = 10};
    if (!souk_message_int(&request->message, "n", 1, SOUK_WIRE_LIST_MAX, &in.n) ||
        !copy_vector(r, request, &in) || !copy_exclude(request, &in) ||
        !copy_history(request, &in) ||
        !souk_message_bool(&request->message, "cosine", &in.scan.cosine)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'n', 'vector', 'exclude', 'history', 'history_weight' or 'cosine' is not "
                         "as the scan takes it");
        goto out;
    }
    if (!souk_replica_take_narrowing(r, request, &in.narrowing, reply))
        goto out;
    in.scan.filter = souk_narrowing_filter(&in.narrowing);
    in.scan.liking = souk_narrowing_liking(&in.narrowing);
    const struct scanned found = scan_shard(r, worker, &in.scan, in.n);
    souk_reply_begin(reply, request, r->model->id, scanned_fields(&found));
    put_scanned(reply, &found);
out:
    free(in.exclude);
    free(in.history);
    free(in.history_weight);
    souk_narrowing_fini(&in.narrowing);
}

void souk_replica_answer(struct souk_replica *r, int worker, const struct souk_request *request,
                         struct souk_writer *reply)
{
    if (souk_request_is(request, "scan"))
        answer_scan(r, worker, request, reply);
    else if (souk_request_is(request, "profile"))
        answer_profile(r, worker, request, reply);
    else if (souk_request_is(request, "item"))
        answer_item(r, request, reply);
    else if (souk_request_is(request, "describe"))
        souk_replica_describe(r, request, reply);
    else if (!souk_replica_handle_lookups(r, request, reply) &&
             !souk_replica_handle_stages(r, worker, request, reply))
        souk_reply_error(reply, request, SOUK_WIRE_UNKNOWN_OPERATION,
                         "a replica does not know the operation '%.*s'",
                         (int)request->operation_len, request->operation);
}
