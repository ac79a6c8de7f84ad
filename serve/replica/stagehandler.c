#include "serve/replica/stagehandler.h"

#include "serve/replica/replicafields.h"

#include <math.h>
#include <string.h>

/* ---- what requests carry ---- */

/* Events and moment become the worker's profile. @return false: an error reply is there */
static bool take_visitor(const struct souk_replica *r, struct souk_stage_work *w,
                         const struct souk_request *request, struct souk_writer *reply)
{
    const struct souk_message *m = &request->message;
    int64_t moment_ms = -1;
    if (!souk_message_int(m, "moment_ms", 0, SOUK_WIRE_MOMENT_MAX, &moment_ms) || moment_ms < 0 ||
        !souk_event_fields_read(&w->events, m, souk_model_items(r->model),
                                r->model->stages.type_count)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'moment_ms' or the events are absent or not as a replica takes them");
        return false;
    }
    if (souk_stage_work_take(w, r->stages, moment_ms) != SOUK_OK) {
        souk_reply_error(reply, request, SOUK_WIRE_INTERNAL, "no memory");
        return false;
    }
    return true;
}

/* The heads of the visitor's lists. @return false: an error reply is there */
static bool take_best(const struct souk_replica *r, struct souk_stage_work *w,
                      const struct souk_request *request, struct souk_writer *reply)
{
    const int heads = 2 * r->stages->ranker.rules.source_count;
    const void *data = NULL;
    int64_t count = 0;
    bool good = souk_message_array(&request->message, "best", sizeof *w->best, &data, &count) &&
                count == heads;
    if (good)
        memcpy(w->best, data, (size_t)heads * sizeof *w->best);
    for (int h = 0; h < heads && good; h++)
        good = isfinite(w->best[h]);
    if (!good)
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'best' must be %d finite numbers, two for each source", heads);
    return good;
}

/* Rows of candidates, ascending. @return false: an error reply is there */
static bool take_rows(struct souk_stage_work *w, const struct souk_request *request, int64_t *count,
                      struct souk_writer *reply)
{
    const void *data = NULL;
    *count = 0;
    bool good = souk_message_array(&request->message, "rows", sizeof *w->row, &data, count) &&
                *count <= w->most_candidates;
    if (good && *count > 0)
        memcpy(w->row, data, (size_t)*count * sizeof *w->row);
    for (int64_t i = 1; i < *count && good; i++)
        good = w->row[i - 1] < w->row[i];
    if (!good)
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'rows' must ascend, and be no more than the quotas allow");
    return good;
}

/* ---- candidates: the first round ---- */

/* Quotas and lengths of the lists, and how many hits they hold. */
static size_t put_lengths(const struct souk_stage_work *w, int lists, struct souk_writer *reply)
{
    size_t hits = 0;
    souk_writer_begin_binary(reply, "quotas", (size_t)lists * sizeof(int32_t));
    for (int l = 0; l < lists; l++)
        souk_writer_append_binary(reply, &(int32_t){w->lists[l].capacity}, sizeof(int32_t));
    souk_writer_begin_binary(reply, "counts", (size_t)lists * sizeof(int32_t));
    for (int l = 0; l < lists; l++) {
        souk_writer_append_binary(reply, &(int32_t){w->lists[l].count}, sizeof(int32_t));
        hits += (size_t)w->lists[l].count;
    }
    return hits;
}

/* The ids end in NUL each, so that the proxy can point at them. */
static void put_ids(const struct souk_stage_work *w, int lists, struct souk_writer *reply)
{
    size_t bytes = 0;
    for (int l = 0; l < lists; l++)
        for (int h = 0; h < w->lists[l].count; h++)
            bytes += strlen(w->lists[l].hits[h].id) + 1;
    souk_writer_begin_binary(reply, "ids", bytes);
    for (int l = 0; l < lists; l++)
        for (int h = 0; h < w->lists[l].count; h++)
            souk_writer_append_binary(reply, w->lists[l].hits[h].id,
                                      strlen(w->lists[l].hits[h].id) + 1);
}

static void put_lists(const struct souk_stage_work *w, int lists, struct souk_writer *reply)
{
    const size_t hits = put_lengths(w, lists, reply);
    souk_writer_begin_binary(reply, "rows", hits * sizeof(int64_t));
    for (int l = 0; l < lists; l++)
        for (int h = 0; h < w->lists[l].count; h++)
            souk_writer_append_binary(reply, &w->lists[l].hits[h].item, sizeof(int64_t));
    souk_writer_begin_binary(reply, "scores", hits * sizeof(float));
    for (int l = 0; l < lists; l++)
        for (int h = 0; h < w->lists[l].count; h++)
            souk_writer_append_binary(reply, &w->lists[l].hits[h].score, sizeof(float));
    put_ids(w, lists, reply);
}

static void answer_candidates(const struct souk_replica *r, struct souk_stage_work *w,
                              const struct souk_request *request, struct souk_writer *reply)
{
    const struct souk_stage_rules *rules = &r->stages->ranker.rules;
    const int lists = souk_stage_lists(rules);
    struct souk_narrowing narrowing = {.is_liked = false};
    bool include_seen = false;
    if (!souk_message_bool(&request->message, "include_seen", &include_seen)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'include_seen' is not as a replica takes it");
        return;
    }
    if (!take_visitor(r, w, request, reply) ||
        !souk_replica_take_narrowing(r, request, &narrowing, reply))
        goto out;
    souk_stage_shard_scan(r->stages, w, include_seen, souk_narrowing_filter(&narrowing));
    souk_reply_begin(reply, request, r->model->id, 6);
    souk_writer_put_int(reply, "heads", 2 * rules->source_count);
    put_lists(w, lists, reply);
out:
    souk_narrowing_fini(&narrowing);
}

/* ---- rank: the second round ---- */

static void answer_rank(const struct souk_replica *r, int worker,
                        const struct souk_request *request, struct souk_writer *reply)
{
    struct souk_stage_work *w = &r->works[worker];
    struct souk_topk list = r->lists[worker]; /* the memory is the worker's, the capacity ours */
    int64_t n = 10, count = 0;
    if (!souk_message_int(&request->message, "n", 1, SOUK_WIRE_LIST_MAX, &n)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD, "'n' must be a number from 1 to %d",
                         SOUK_WIRE_LIST_MAX);
        return;
    }
    if (!take_visitor(r, w, request, reply) || !take_best(r, w, request, reply) ||
        !take_rows(w, request, &count, reply))
        return;
    list.capacity = (int)n;
    souk_topk_clear(&list);
    const int64_t ranked = souk_stage_shard_rank(r->stages, w, count, &list);
    souk_topk_sort(&list);
    const struct souk_confidence *const confidence = souk_replica_confidence(r);
    souk_reply_begin(reply, request, r->model->id, 1 + souk_replica_hit_fields(confidence != NULL));
    souk_writer_put_int(reply, "scored", ranked);
    souk_replica_put_hits(reply, &list, confidence,
                          souk_stage_audience(&r->stages->ranker.rules, w->profile.count));
}

/* ---- explain ---- */

static bool find_item(const struct souk_replica *r, const msgpack_object *text, int *index,
                      int64_t *item)
{
    return souk_replica_find_item(r, text->via.str.ptr, text->via.str.size, index, item);
}

static void put_explanation(const struct souk_replica *r, struct souk_stage_work *w,
                            const msgpack_object *text, int index, int64_t item,
                            struct souk_writer *reply)
{
    const struct souk_model_part *part = &r->shard->parts[index];
    const size_t features = (size_t)r->stages->ranker.features;
    const bool has_forest = r->stages->ranker.scorer != NULL;
    double forest, base;
    float score;
    souk_stage_shard_explain(r->stages, w, index, item, &forest, &base, &score);
    souk_writer_map(reply, 6 + has_forest);
    souk_writer_put_text(reply, "item", text->via.str.ptr, text->via.str.size);
    souk_writer_put_int(reply, "row", r->model->item_first[part->part] + item);
    souk_writer_key(reply, "score");
    souk_writer_float(reply, score);
    souk_writer_put_real(reply, "forest", forest);
    souk_writer_put_real(reply, "base", base);
    souk_writer_put_binary(reply, "values", w->feature, features * sizeof *w->feature);
    if (has_forest)
        souk_writer_put_binary(reply, "contributions", w->contribution,
                               features * sizeof *w->contribution);
}

static void put_names(const struct souk_replica *r, struct souk_writer *reply)
{
    const struct souk_stage_ranker *ranker = &r->stages->ranker;
    souk_writer_key(reply, "names");
    souk_writer_array(reply, (size_t)ranker->features);
    for (int f = 0; f < ranker->features; f++) {
        char name[2 * SOUK_NAME_MAX_BYTES];
        souk_feature_name(&r->model->stages, f, name, sizeof name);
        souk_writer_text(reply, name, strlen(name));
    }
}

static const struct souk_blend *blend_of(const struct souk_replica *r,
                                         const struct souk_stage_work *w)
{
    const struct souk_stage_rules *rules = &r->stages->ranker.rules;
    return &rules->blend[souk_stage_segment(rules, (float)w->profile.count)];
}

static void answer_explain(const struct souk_replica *r, struct souk_stage_work *w,
                           const struct souk_request *request, struct souk_writer *reply)
{
    const msgpack_object *items = NULL;
    size_t count = 0, here = 0;
    int64_t item;
    int index;
    if (!souk_message_texts(&request->message, "items", SOUK_WIRE_EXPLAIN_MAX, SOUK_ID_MAX_BYTES,
                            &items, &count)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'items' must be a list of at most %d ids", SOUK_WIRE_EXPLAIN_MAX);
        return;
    }
    if (!take_visitor(r, w, request, reply) || !take_best(r, w, request, reply))
        return;
    for (size_t i = 0; i < count; i++)
        here += find_item(r, &items[i], &index, &item);
    souk_reply_begin(reply, request, r->model->id, 4);
    put_names(r, reply);
    souk_writer_put_real(reply, "expectation", r->stages->shap.expectation);
    souk_writer_put_real(reply, "blend", (double)blend_of(r, w)->weight);
    souk_writer_key(reply, "explanations");
    souk_writer_array(reply, here);
    for (size_t i = 0; i < count; i++)
        if (find_item(r, &items[i], &index, &item))
            put_explanation(r, w, &items[i], index, item, reply);
}

bool souk_replica_handle_stages(const struct souk_replica *r, int worker,
                                const struct souk_request *request, struct souk_writer *reply)
{
    if (!r->stages)
        return false;
    if (souk_request_is(request, "candidates"))
        answer_candidates(r, &r->works[worker], request, reply);
    else if (souk_request_is(request, "rank"))
        answer_rank(r, worker, request, reply);
    else if (souk_request_is(request, "explain"))
        answer_explain(r, &r->works[worker], request, reply);
    else
        return false;
    return true;
}
