#include "serve/proxy/answering.h"

#include "serve/proxy/requestid.h"
#include "serve/proxy/narrowing.h"
#include "shared/base/clock.h"

#include <string.h>

void souk_answering_init(struct souk_answering *a, struct souk_answer_cache *cache)
{
    a->cache = cache;
    souk_single_flights_init(&a->flights);
}

void souk_answering_fini(struct souk_answering *a)
{
    souk_single_flights_fini(&a->flights);
}

/* ---- replies: what is the request's own, then what may be kept ---- */

static void begin_reply(struct souk_job *j, size_t fields)
{
    char id[SOUK_UNIQUE_ID_LEN];
    souk_reply_begin(j->reply, j->request, NULL, 1 + fields);
    if (j->space) /* what the log calls it */
        memcpy(id, j->space->request_id, sizeof id);
    else
        souk_unique_id_next(j->ids, id);
    souk_request_id_stamp(id, j->view.model, souk_job_arm(j));
    souk_attribution_count_answer(j->metrics->attribution, j->view.model,
                                  souk_arm_name(souk_job_arm(j)));
    souk_writer_put_text(j->reply, "request_id", id, sizeof id);
}

void souk_answering_begin_list(struct souk_job *j, size_t fields)
{
    begin_reply(j, 1 + fields);
    j->body_at = j->reply->buffer.size;
    j->body_fields = 1 + fields;
    souk_writer_put_string(j->reply, "model", j->view.model);
}

static void reply_kept(struct souk_job *j, struct souk_kept_answer *kept, int64_t now_us)
{
    const unsigned char *body = souk_kept_answer_body(kept);
    if (kept->facts.status != SOUK_WIRE_OK) {
        souk_reply_error(j->reply, j->request, (enum souk_wire_status)kept->facts.status, "%.*s",
                         (int)kept->body_len, (const char *)body);
        return;
    }
    begin_reply(j, 1 + (size_t)kept->facts.fields);
    souk_writer_put_int(j->reply, "age_ms", (now_us - kept->made_us) / 1000);
    souk_writer_append_binary(j->reply, body, kept->body_len);
}

void souk_answer_facts_count(const struct souk_answer_facts *facts, struct souk_proxy_metrics *p)
{
    if (facts->status != SOUK_WIRE_OK)
        return;
    souk_counter_add(p->partial, facts->partial);
    souk_counter_add(p->degraded, facts->degraded);
    if (facts->of_user)
        souk_counter_add(facts->warm ? p->warm : p->cold, 1);
    if (facts->has_list)
        souk_histogram_add(p->returned, facts->returned);
}

/* Answer with it, and let it go. */
static void serve_kept(struct souk_job *j, struct souk_kept_answer *kept,
                       enum souk_cache_result result, int64_t now_us)
{
    reply_kept(j, kept, now_us);
    souk_answer_facts_count(&kept->facts, j->metrics);
    souk_counter_add(j->metrics->cache[result], 1);
    souk_kept_answer_give(kept);
}

/* ---- keys ---- */

static bool is_list(const struct souk_request *r)
{
    return souk_request_is(r, "recommend") || souk_request_is(r, "similar");
}

/* @return false: the answer depends on more than a key says, or the request is not as it should be
 */
static bool take_key(const struct souk_answering *a, struct souk_job *j,
                     struct souk_answer_key *key)
{
    const struct souk_message *m = &j->request->message;
    const bool similar = souk_request_is(j->request, "similar");
    if (souk_message_get(m, "events") || souk_message_get(m, "moment_ms") ||
        !souk_job_take_fields(j, similar ? "item" : "user"))
        return false;
    unsigned char narrowing[SOUK_ANSWER_NARROWING_MAX];
    const int64_t narrowing_len = souk_job_narrowing_bytes(j, narrowing, sizeof narrowing);
    if (narrowing_len < 0)
        return false;
    const struct souk_answer_question question = {.similar = similar,
                                                  .id = j->id,
                                                  .id_len = j->id_len,
                                                  .category = j->category,
                                                  .category_len = j->category_len,
                                                  .n = j->n,
                                                  .include_seen = j->include_seen && !similar,
                                                  .include_metadata = j->include_metadata,
                                                  .explain = j->explain && !similar,
                                                  .min_confidence = j->min_confidence,
                                                  .narrowing = narrowing,
                                                  .narrowing_len = (size_t)narrowing_len};
    souk_answer_key_make(key, &question, j->view.model);
    souk_answer_cache_stamp(a->cache, key);
    return true;
}

/* ---- on arrival ---- */

bool souk_answering_serve(struct souk_answering *a, struct souk_job *j)
{
    struct souk_answer_key key;
    struct souk_kept_answer *kept = NULL;
    const int64_t now_us = souk_monotonic_us();
    if (a->cache && j->view.status == SOUK_WIRE_OK && j->deadline_us > now_us &&
        is_list(j->request) && take_key(a, j, &key))
        kept = souk_answer_cache_find(a->cache, &key, now_us);
    if (!kept)
        return false;
    serve_kept(j, kept, SOUK_CACHE_HIT, now_us);
    return true;
}

/* ---- by a worker ---- */

/* The leader looks once more: somebody may have landed since the request arrived. */
static bool lead(struct souk_answering *a, struct souk_job *j, struct souk_answering_turn *turn,
                 int64_t now_us)
{
    struct souk_kept_answer *kept = souk_answer_cache_find(a->cache, &turn->key, now_us);
    turn->leads = !kept;
    if (kept) {
        souk_single_flights_land(&a->flights, &turn->flight, kept);
        serve_kept(j, kept, SOUK_CACHE_HIT, now_us);
    }
    return kept != NULL;
}

bool souk_answering_begin(struct souk_answering *a, struct souk_job *j,
                          struct souk_answering_turn *turn)
{
    struct souk_kept_answer *kept = NULL;
    enum souk_single_flight_role role;
    turn->leads = turn->is_kept = false;
    if (!a->cache || !is_list(j->request))
        return false;
    turn->is_kept = j->view.status == SOUK_WIRE_OK && take_key(a, j, &turn->key);
    if (!turn->is_kept) {
        souk_counter_add(j->metrics->cache[SOUK_CACHE_BYPASS], 1);
        return false;
    }
    do /* a leader that ran out of time says nothing of those who have some left */
        role = souk_single_flights_join(&a->flights, &turn->flight, &turn->key, souk_monotonic_us(),
                                        j->deadline_us, &kept);
    while (role == SOUK_SINGLE_SERVED && !kept);
    const int64_t now_us = souk_monotonic_us();
    if (kept) {
        serve_kept(j, kept, SOUK_CACHE_SHARED, now_us);
        return true;
    }
    if (role == SOUK_SINGLE_LEADS && lead(a, j, turn, now_us))
        return true;
    souk_counter_add(j->metrics->cache[SOUK_CACHE_MISS], 1);
    if (role == SOUK_SINGLE_LATE)
        souk_reply_error(j->reply, j->request, SOUK_WIRE_DEADLINE,
                         "no time is left: the same question was under way");
    return role == SOUK_SINGLE_LATE;
}

/* The text of an error, to hand on. */
static struct souk_kept_answer *keep_error(const struct souk_job *j,
                                           const struct souk_answer_key *key,
                                           const struct souk_answer_facts *facts)
{
    const msgpack_sbuffer *reply = &j->reply->buffer;
    struct souk_kept_answer *kept = NULL;
    struct souk_message m;
    char reason[64];
    const char *text = NULL;
    size_t len = 0;
    if (souk_message_parse(&m, reply->data, reply->size, reason, sizeof reason) == SOUK_WIRE_OK &&
        souk_message_text(&m, "error", SOUK_WIRE_BYTES_MAX, &text, &len) && text)
        kept = souk_kept_answer_new(key, facts, text, len, 0);
    souk_message_fini(&m);
    return kept;
}

/* What the job made. @return NULL: it came to nothing, or there is no memory */
static struct souk_kept_answer *keep(const struct souk_job *j,
                                     const struct souk_answering_turn *turn,
                                     const struct souk_answer_facts *facts, int64_t now_us)
{
    struct souk_answer_key key = turn->key;
    const msgpack_sbuffer *reply = &j->reply->buffer;
    if (j->reply->failed || facts->status == SOUK_WIRE_DEADLINE)
        return NULL;
    souk_answer_key_set_model(&key, j->view.model); /* a job that began again may have another */
    if (facts->status != SOUK_WIRE_OK)
        return keep_error(j, &key, facts);
    struct souk_answer_facts whole = *facts;
    whole.fields = (int16_t)j->body_fields;
    return souk_kept_answer_new(&key, &whole, reply->data + j->body_at, reply->size - j->body_at,
                                now_us);
}

void souk_answering_end(struct souk_answering *a, struct souk_job *j,
                        struct souk_answering_turn *turn, const struct souk_answer_facts *facts)
{
    if (!turn->is_kept)
        return;
    const int64_t now_us = souk_monotonic_us();
    struct souk_kept_answer *kept = keep(j, turn, facts, now_us);
    if (kept && souk_kept_answer_is_whole(kept)) /* before it lands: none may come in between */
        souk_answer_cache_put(a->cache, kept, now_us);
    if (turn->leads)
        souk_single_flights_land(&a->flights, &turn->flight, kept);
    souk_kept_answer_give(kept);
}
