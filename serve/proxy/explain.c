#include "serve/proxy/explain.h"

#include "serve/proxy/contextevents.h"
#include "serve/proxy/twostage.h"
#include "serve/proxy/userprofile.h"
#include "shared/data/idtable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEATURES_MAX = 512, NAME_MAX_BYTES = 1024 };

/* What the job asks beside the fields of every list. */
struct question {
    const msgpack_object *items; /* [count] texts */
    size_t count;
};

/* A feature and what it adds to the score. */
struct share {
    int feature;
    float value;
    double contribution;
};

/* ---- taking the request in ---- */

static bool take_items(struct souk_job *j, struct question *q)
{
    bool good = souk_message_texts(&j->request->message, "items", SOUK_WIRE_EXPLAIN_MAX,
                                   SOUK_ID_MAX_BYTES, &q->items, &q->count) &&
                q->count > 0;
    for (size_t i = 0; i < q->count && good; i++)
        good = souk_id_is_valid(q->items[i].via.str.ptr, q->items[i].via.str.size);
    if (!good)
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'items' must be a list of 1 to %d ids of 1 to %d bytes of UTF-8",
                         SOUK_WIRE_EXPLAIN_MAX, SOUK_ID_MAX_BYTES);
    else if (j->view.sources == 0)
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "a model of kind '%s' has no ranker to explain", j->view.kind);
    return good && j->view.sources > 0;
}

/* ---- asking ---- */

static int shard_of(const struct souk_job *j, const msgpack_object *item)
{
    return souk_job_home(j, item->via.str.ptr, item->via.str.size);
}

/* Ask the shards. @return false: an error reply is there; or stale */
static bool ask_shards(struct souk_job *j, const struct question *q, enum souk_round round)
{
    struct souk_writer *w = &j->space->question;
    souk_job_start_question(j, "explain", 1 + SOUK_WIRE_EVENT_FIELDS + 2);
    souk_job_put_visitor(j);
    souk_job_put_best(j);
    souk_writer_key(w, "items");
    souk_writer_array(w, q->count);
    for (size_t i = 0; i < q->count; i++)
        souk_writer_text(w, q->items[i].via.str.ptr, q->items[i].via.str.size);
    return souk_job_ask_all(j, round);
}

/* All shards of the items must answer. @return false: an error reply is there; or stale */
static bool ask(struct souk_job *j, const struct question *q)
{
    if (!ask_shards(j, q, SOUK_ROUND_LAST))
        return false;
    for (size_t i = 0; i < q->count; i++) {
        const int shard = shard_of(j, &q->items[i]);
        if (souk_job_answer(j, shard))
            continue;
        souk_reply_error(j->reply, j->request, SOUK_WIRE_UNAVAILABLE,
                         "shard %d, which holds item '%.*s', did not answer", shard,
                         (int)q->items[i].via.str.size, q->items[i].via.str.ptr);
        return false;
    }
    return true;
}

/* The item's entry in its shard's answer; NULL: the model does not know it. */
static const msgpack_object *find_entry(const struct souk_job *j, const msgpack_object *item)
{
    const struct souk_message *m = souk_job_answer(j, shard_of(j, item));
    const msgpack_object *list = m ? souk_message_get(m, "explanations") : NULL;
    for (uint32_t i = 0; list && list->type == MSGPACK_OBJECT_ARRAY && i < list->via.array.size;
         i++) {
        const msgpack_object *id = souk_message_map_get(&list->via.array.ptr[i], "item");
        if (id && id->type == MSGPACK_OBJECT_STR && id->via.str.size == item->via.str.size &&
            memcmp(id->via.str.ptr, item->via.str.ptr, id->via.str.size) == 0)
            return &list->via.array.ptr[i];
    }
    return NULL;
}

static bool know_all(struct souk_job *j, const struct question *q)
{
    for (size_t i = 0; i < q->count; i++) {
        if (find_entry(j, &q->items[i]))
            continue;
        souk_reply_error(j->reply, j->request, SOUK_WIRE_NOT_FOUND,
                         "the model does not know item '%.*s'", (int)q->items[i].via.str.size,
                         q->items[i].via.str.ptr);
        return false;
    }
    return true;
}

/* ---- the answer ---- */

/* Largest first, whatever its sign; then in the order of the features. */
static int by_size(const void *a, const void *b)
{
    const struct share *x = a, *y = b;
    const double left = fabs(x->contribution), right = fabs(y->contribution);
    if (left != right)
        return left > right ? -1 : 1;
    return (x->feature > y->feature) - (x->feature < y->feature);
}

/* A number of a binary, which need not be aligned. */
static void take(void *number, const void *numbers, int at, size_t size)
{
    memcpy(number, (const char *)numbers + (size_t)at * size, size);
}

/* @return how many features the entry has, -1: it cannot be read */
static int read_shares(const msgpack_object *entry, struct share *shares)
{
    const struct souk_message m = {.unpacked = {.data = *entry}};
    const void *values = NULL, *contributions = NULL;
    int64_t count = 0, explained = 0;
    if (!souk_message_array(&m, "values", sizeof(float), &values, &count) ||
        !souk_message_array(&m, "contributions", sizeof(double), &contributions, &explained) ||
        count > FEATURES_MAX || (explained > 0 && explained != count))
        return -1;
    for (int f = 0; f < (int)count; f++) {
        shares[f] = (struct share){.feature = f};
        take(&shares[f].value, values, f, sizeof shares[f].value);
        if (explained > 0)
            take(&shares[f].contribution, contributions, f, sizeof shares[f].contribution);
        if (!isfinite(shares[f].contribution))
            return -1;
    }
    qsort(shares, (size_t)count, sizeof *shares, by_size);
    return (int)count;
}

static void put_share(struct souk_writer *w, const struct share *s, const msgpack_object *name)
{
    souk_writer_map(w, 3);
    souk_writer_put_text(w, "name", name->via.str.ptr, name->via.str.size);
    souk_writer_key(w, "value");
    if (isfinite(s->value))
        souk_writer_float(w, s->value);
    else
        souk_writer_nil(w);
    souk_writer_put_real(w, "contribution", s->contribution);
}

/* @return false: the shard's entry cannot be read */
static bool put_entry(const struct souk_job *j, struct souk_writer *w, const msgpack_object *item)
{
    const struct souk_message *m = souk_job_answer(j, shard_of(j, item));
    const msgpack_object *entry = find_entry(j, item), *names = NULL;
    const struct souk_message fields = {.unpacked = {.data = *entry}};
    struct share shares[FEATURES_MAX];
    double score = 0, forest = 0, base = 0;
    size_t name_count = 0;
    int64_t row = -1;
    const int count = read_shares(entry, shares);
    if (count < 0 || !souk_message_int(&fields, "row", 0, INT64_MAX, &row) || row < 0 ||
        !souk_message_texts(m, "names", FEATURES_MAX, NAME_MAX_BYTES, &names, &name_count) ||
        name_count != (size_t)count || !souk_message_map_number(entry, "score", &score) ||
        !souk_message_map_number(entry, "forest", &forest) ||
        !souk_message_map_number(entry, "base", &base))
        return false;
    souk_writer_map(w, 6);
    souk_writer_put_text(w, "item_id", item->via.str.ptr, item->via.str.size);
    souk_writer_put_bool(w, "candidate", souk_candidate_merge_has(&j->space->candidates, row));
    souk_writer_key(w, "score");
    souk_writer_float(w, (float)score);
    souk_writer_put_real(w, "forest", forest);
    souk_writer_put_real(w, "base", base);
    souk_writer_key(w, "features");
    souk_writer_array(w, (size_t)count);
    for (int k = 0; k < count; k++)
        put_share(w, &shares[k], &names[shares[k].feature]);
    return true;
}

static void start_reply(struct souk_job *j, double expectation, double blend, size_t count)
{
    struct souk_writer *w = j->reply;
    bool partial = false;
    for (int s = 0; s < souk_topology_shards(j->topology); s++)
        partial |= j->space->missed[s];
    souk_reply_begin(w, j->request, j->view.model, 8);
    souk_writer_put_text(w, "user_id", j->id, j->id_len);
    souk_writer_put_string(w, "user_type", souk_job_user_type(j));
    souk_writer_put_int(w, "moment_ms", j->moment_ms);
    souk_writer_put_bool(w, "partial", partial);
    souk_writer_put_bool(w, "degraded", j->degraded);
    souk_writer_put_real(w, "expectation", expectation);
    souk_writer_put_real(w, "blend", blend);
    souk_writer_key(w, "explanations");
    souk_writer_array(w, count);
}

static void put_answer(struct souk_job *j, const struct question *q)
{
    const struct souk_message *m = souk_job_answer(j, shard_of(j, &q->items[0]));
    double expectation = 0, blend = 0;
    bool good = souk_message_map_number(&m->unpacked.data, "expectation", &expectation) &&
                souk_message_map_number(&m->unpacked.data, "blend", &blend);
    start_reply(j, expectation, blend, q->count);
    for (size_t i = 0; i < q->count && good; i++)
        good = put_entry(j, j->reply, &q->items[i]);
    if (!good)
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL,
                         "a shard's explanation cannot be read");
}

void souk_job_explain(struct souk_job *j)
{
    struct question q = {0};
    if (!souk_job_take_fields(j, "user") || !souk_job_take_lately(j) || !take_items(j, &q) ||
        !souk_job_get_profile(j) || !souk_job_add_lately(j))
        return;
    if (!souk_job_is_staged(j))
        start_reply(j, 0, 0, 0); /* popular items come as they are */
    else if (souk_job_find_candidates(j) && ask(j, &q) && know_all(j, &q))
        put_answer(j, &q);
}

/* ---- in a list ---- */

bool souk_job_may_explain(struct souk_job *j)
{
    if (j->explain && j->view.sources == 0)
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "a model of kind '%s' has no ranker to 'explain'", j->view.kind);
    return !j->explain || j->view.sources > 0;
}

/* An item whose shard does not say is left without. */
static void note_entry(struct souk_job *j, const msgpack_object *item)
{
    struct souk_notes *const n = &j->space->notes;
    const size_t mark = n->texts.buffer.size;
    if (!find_entry(j, item) || !put_entry(j, &n->texts, item))
        n->texts.buffer.size = mark;
    n->end[n->count++] = n->texts.buffer.size;
}

bool souk_job_explain_list(struct souk_job *j)
{
    const struct souk_topk *const list = &j->space->merge.best;
    msgpack_object items[SOUK_WIRE_EXPLAIN_MAX];
    struct question q = {.items = items};
    souk_writer_clear(&j->space->notes.texts);
    j->space->notes.count = 0;
    if (!j->explain || !souk_job_is_staged(j) || list->count == 0)
        return true;
    for (; q.count < SOUK_WIRE_EXPLAIN_MAX && (int)q.count < list->count; q.count++)
        items[q.count] =
            (msgpack_object){.type = MSGPACK_OBJECT_STR,
                             .via.str = {.ptr = list->hits[q.count].id,
                                         .size = (uint32_t)strlen(list->hits[q.count].id)}};
    if (!ask_shards(j, &q, j->include_metadata ? SOUK_ROUND_FIRST : SOUK_ROUND_LAST))
        return false;
    for (size_t i = 0; i < q.count; i++)
        note_entry(j, &items[i]);
    return true;
}

const void *souk_job_explanation(const struct souk_job *j, int place, size_t *len)
{
    const struct souk_notes *const n = &j->space->notes;
    const size_t begin = place > 0 && place <= n->count ? n->end[place - 1] : 0;
    *len = place < n->count ? n->end[place] - begin : 0;
    return *len > 0 ? n->texts.buffer.data + begin : NULL;
}
